import AgentMetrics
import SampleStore
import Testing

@testable import API

@Suite struct WorkloadEndpointTests {
  private func history() -> History {
    let history = History(capacity: 20, interval: 10)
    for index in 0..<4 {
      var sample = MadeUpSample.sample(at: MadeUpSample.time - Double(30 - index * 10))
      var all = Workloads()
      all.total = 2
      all.top = [("a", 0.25), ("b", 0.5)].map { name, cpu in
        var workload = Workload()
        (workload.id, workload.name, workload.kind) = ("service:" + name, name, .service)
        (workload.cpu, workload.cpuTotal) = (cpu, 50 + Double(index) * 10 * cpu)
        workload.memory = name == "a" ? 2_000 : 1_000
        return workload
      }
      sample.workloads = all
      history.append(sample)
    }
    return history
  }

  private func get(_ target: String) async -> (status: Int, text: String) {
    let response = await API(history: history()).respond(to: API.Request(target: target))
    return (response.status, String(decoding: response.body, as: UTF8.self))
  }

  @Test func workloadsAreSortedAndSelected() async throws {
    let all = await get("/workloads")
    #expect(all.status == 200 && all.text.contains(#""total":2,"workloads":[{"id":"service:b","kind":"service","#))
    #expect(await get("/workloads?sort=memory&limit=1").text.contains(#""workloads":[{"id":"service:a","#))
    #expect(await get("/workloads?kind=job").text.contains(#""workloads":[]"#))
    let past = await get("/workloads?at=\(MadeUpSample.time)")
    #expect(past.text.contains(#""stored":true"#) && past.text.contains("service:a"))
    let wrong = await get("/workloads?kind=pods")
    #expect(
      wrong.status == 400
        && wrong.text.contains("must be one of container, pod, service, session, user, job, vm, other"))
  }

  @Test func timeOfWhyExcludesItsWindow() async {
    let time = MadeUpSample.time
    for query in ["time=\(time)&from=\(time - 5)", "to=\(time)&time=\(time)"] {
      let answer = await get("/why?" + query)
      #expect(answer.status == 404 && answer.text.contains("time: cannot be combined with from and to"))
    }
    #expect(await get("/why?time=x&from=1").text.contains("time: must be"))
    #expect(await get("/why?from=\(time - 10)&to=\(time)").status == 200)
    #expect(await get("/why?from=\(time)&to=\(time)").status == 200)
  }

  @Test func culpritsOfAWindow() async throws {
    let all = await get("/culprits")
    #expect(all.status == 200)
    // 10 s by the rate of the first sample, then 30 s of the counter.
    #expect(all.text.contains(#""by":"workload","of":"cpu","#) && all.text.contains(#""samples":4,"#))
    #expect(all.text.contains(#""unit":"seconds","total":18,"attributed":30,"#))
    #expect(
      all.text.contains(#""culprits":[{"id":"service:b","name":"b","kind":"service","share":0.6667,"cpu_seconds":20,"#))
    let one = await get("/culprits?from=\(MadeUpSample.time - 5)&to=\(MadeUpSample.time)&of=memory&limit=1")
    #expect(one.text.contains(#""samples":1,"#) && one.text.contains(#""culprits":[{"id":"service:a","#))
    let none = await get("/culprits?from=1&to=2")
    #expect(none.status == 404 && none.text.contains("no samples from 1970-01-01T00:00:01Z to 1970-01-01T00:00:02Z"))
    #expect(await get("/culprits?by=pid").text.contains("must be one of process, user, workload"))
    #expect(await get("/culprits?of=x").text.contains("must be one of cpu, memory, io, gpu, energy"))
    #expect(await get("/culprits?limit=1001").text.contains("must be an integer from 1 to 1000"))
  }
}
