import AgentMetrics
import SampleStore
import Testing

@testable import API

/// `/waste` and `/compare`.
@Suite struct WindowEndpointTests {
  private func history() -> History {
    let history = History(capacity: 20, interval: 10)
    for index in 0..<12 {
      var sample = MadeUpSample.sample(at: MadeUpSample.time - Double(110 - index * 10))
      var gpu = GPU(index: 0, vendor: "nvidia")
      (gpu.util, gpu.power, gpu.vramTotal, gpu.vramUsed) = (0.01, 100, 80e9, 40e9)
      var process = GPUProcess(pid: 77)
      (process.util, process.vram, process.user, process.service) = (0.01, 40e9, "mira", "notebook")
      gpu.processes = [process]
      sample.gpus = [gpu]
      sample.elapsed = 10
      var list = Processes()
      var busy = Process()
      (busy.pid, busy.name, busy.user, busy.cpu) = (9, "build", "tom", index < 6 ? 0.1 : 3)
      list.top = [busy]
      sample.processes = list
      history.append(sample)
    }
    return history
  }

  private func get(_ target: String) async -> (status: Int, text: String) {
    let response = await API(history: history()).respond(to: API.Request(target: target))
    return (response.status, String(decoding: response.body, as: UTF8.self))
  }

  @Test func waste() async {
    let all = await get("/waste?by=user")
    #expect(all.status == 200 && all.text.hasPrefix(#"{"by":"user","from":""#))
    for part in [
      #""rule":"A GPU is idle for its holder"#, #""gpu_seconds":120,"gpu_idle_seconds":120,"gpu_joules":12000,"#,
      #""entries":[{"id":"mira","name":"mira","gpus":"0","gpu_held_seconds":120,"gpu_idle_seconds":120,"#,
      #""gpu_idle_share":1,"gpu_idle_memory_bytes":40000000000,"gpu_joules":12000,"gpu_idle_joules":12000}"#,
    ] { #expect(all.text.contains(part), "\(part)\n\(all.text)") }
    #expect(await get("/waste").text.contains(#""entries":[{"id":"notebook","#))
    #expect(await get("/waste?by=process").text.contains("must be one of workload, user"))
    #expect(await get("/waste?limit=0").text.contains("must be an integer from 1 to 1000"))
    let none = await get("/waste?from=1&to=2")
    #expect(none.status == 404 && none.text.contains("no samples from 1970-01-01T00:00:01Z to 1970-01-01T00:00:02Z"))
  }

  /// The times of samples are ends of intervals: that at `from` is not in the window, and half of an interval counts half.
  @Test func edges() async {
    let time = MadeUpSample.time
    let times = #""from":"\#(Timestamp(seconds: time - 20).rfc3339)","to":"\#(Timestamp(seconds: time).rfc3339)","#
    let round = await get("/waste?from=\(time - 20)&to=\(time)").text
    #expect(round.contains(times + #""samples":2,"covered_seconds":20,"#) && round.contains(#""gpu_held_seconds":20,"#))
    let between = await get("/waste?from=\(time - 18)&to=\(time - 13)").text
    #expect(between.contains(#""samples":1,"covered_seconds":5,"#) && between.contains(#""gpu_idle_joules":500}"#))
    let culprits = await get("/culprits?from=\(time - 20)&to=\(time)&by=process").text
    #expect(culprits.contains(times + #""samples":2,"covered_seconds":20,"#), "\(culprits)")
    #expect(culprits.contains(#""cpu_seconds":60,"#))
    let part = await get("/culprits?from=\(time - 18)&to=\(time - 13)&by=process").text
    #expect(part.contains(#""samples":1,"covered_seconds":5,"#) && part.contains(#""cpu_seconds":15,"#), "\(part)")
    #expect(await get("/why?from=\(time - 20)&to=\(time)").text.contains(#""covered_seconds":20,"#))
    #expect(await get("/why?from=\(time - 18)&to=\(time - 13)").text.contains(#""covered_seconds":5,"#))
    let moment = await get("/culprits?from=\(time)&to=\(time)")
    #expect(moment.text.contains(#""samples":1,"covered_seconds":10,"#), "\(moment.text)")
  }

  @Test func comparison() async {
    let time = MadeUpSample.time
    let all = await get("/compare?a=\(time - 100)&b=\(time)&window=20&of=process")
    #expect(all.status == 200, "\(all.text)")
    for part in [
      #""window_seconds":20,"a_samples":3,"b_samples":2,"changes":[{"kind":"process","id":"build@tom","name":"build","#,
      #""measure":"cpu","unit":"cores","state":"changed","before":0.1,"after":3,"difference":2.9,"share":"#,
    ] { #expect(all.text.contains(part), "\(part)\n\(all.text)") }
    // The newest sample by default; the window is at most the time between both.
    #expect(await get("/compare?a=\(time - 10)").text.contains(#""window_seconds":10,"#))
    let missing = await get("/compare")
    #expect(missing.status == 400 && missing.text.contains("a: missing; must be RFC 3339"))
    #expect(await get("/compare?a=1&of=fan").text.contains("must be one of machine, process, workload, gpu, disk"))
    #expect(await get("/compare?a=1&window=0").text.contains("must be an integer from 1 to 3600"))
    let none = await get("/compare?a=1&b=2")
    #expect(none.status == 404 && none.text.contains("no samples around 1970-01-01T00:00:01Z or"))
  }
}
