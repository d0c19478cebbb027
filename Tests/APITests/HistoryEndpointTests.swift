import AgentMetrics
import History
import Testing

@testable import API

/// `/metrics/history` in its forms, `/metrics/at`, and moments as clients write them.
@Suite struct HistoryEndpointTests {
  /// Five samples, ten seconds apart, the newest at 06:45:00, of which the CPU usage and the GPU's differ.
  private static func api() -> API {
    let history = History(capacity: 100, interval: 10)
    for index in 0..<5 {
      var sample = MadeUpSample.sample(at: MadeUpSample.moment - Double(4 - index) * 10)
      sample.cpu.usage = Double(index + 1) / 10
      sample.gpus[0].util = Double(index) / 8
      history.append(sample)
    }
    return API(history: history) { (Timestamp(seconds: 0), []) }
  }

  private static func get(_ target: String) async -> API.Response {
    await api().respond(to: API.Request(target: target))
  }

  private static func text(_ target: String) async -> String {
    String(decoding: await get(target).body, as: UTF8.self)
  }

  @Test func columns() async {
    #expect(
      await Self.text(#"/metrics/history?seconds=30&metrics=cpu.usage,gpus.util%7Bindex=%220%22%7D"#)
        == #"{"interval_sec":10,"from":"2026-02-05T06:44:30Z","to":"2026-02-05T06:45:00Z","timestamps":[1770273880,1770273890,1770273900],"#
        + #""series":{"cpu.usage":[0.3,0.4,0.5],"gpus.util{index=\"0\"}":[0.25,0.375,0.5]}}"#)
  }

  @Test func statistics() async {
    #expect(
      await Self.text(
        "/metrics/history?from=1770273860&to=2026-02-05T06:45:00Z&step=30&metrics=cpu.usage&stats=max,mean,min")
        == #"{"interval_sec":10,"step_sec":30,"from":"2026-02-05T06:44:20Z","to":"2026-02-05T06:45:00Z","#
        + #""timestamps":[1770273870,1770273900],"series":{"cpu.usage":[0.15,0.4]},"min":{"cpu.usage":[0.1,0.3]},"max":{"cpu.usage":[0.2,0.5]}}"#
    )
    #expect(
      await Self.text("/metrics/history?step=60&metrics=cpu.usage&stats=max").hasSuffix(
        #"00],"max":{"cpu.usage":[0.5]}}"#))
  }

  @Test func metricsMayBeGivenSeveralTimes() async {
    let text = await Self.text("/metrics/history?metrics=cpu.usage&metrics=ram.usage,ram.total_mb&seconds=10")
    #expect(text.hasSuffix(#""series":{"cpu.usage":[0.5],"ram.total_mb":[16384],"ram.usage":[0.5]}}"#))
  }

  @Test func commaSeparatedValues() async {
    let response = await Self.get("/metrics/history?seconds=20&format=csv&metrics=cpu.usage,gpus.util,fans.*")
    #expect(response[header: "content-type"] == "text/csv; charset=utf-8; header=present")
    #expect(
      String(decoding: response.body, as: UTF8.self)
        == "timestamp,cpu.usage,\"gpus.util{index=\"\"0\"\"}\"\r\n2026-02-05T06:44:50Z,0.4,0.375\r\n2026-02-05T06:45:00Z,0.5,0.5\r\n"
    )
    let extremes = await Self.text("/metrics/history?step=60&format=csv&metrics=cpu.usage&stats=min,mean,max")
    #expect(extremes == "timestamp,cpu.usage,cpu.usage min,cpu.usage max\r\n2026-02-05T06:45:00Z,0.3,0.1,0.5\r\n")
    let all = await Self.text("/metrics/history?format=csv&seconds=10")
    #expect(
      all.hasPrefix("timestamp,cpu.cores,")
        && all.contains("filesystems.read_only{mountpoint=\"\"/a \\\"\"b\\\"\"\\n\"\"}"))
  }

  @Test func wholeSamplesInSteps() async throws {
    let text = await Self.text("/metrics/history?step=30")
    let parts = text.split(separator: #"{"timestamp":""#)
    #expect(parts[0] == #"{"interval_sec":10,"step_sec":30,"samples":["#)
    #expect(
      parts.count == 3 && parts[1].hasPrefix("2026-02-05T06:44:30Z") && parts[2].hasPrefix("2026-02-05T06:45:00Z"))
    #expect(parts[1].contains(#""threads":1,"usage":0.15,"#) && parts[2].contains(#""threads":1,"usage":0.4,"#))
    // The entries of a list, and what is shown twice: the GPU as the specification has it and in the list of all.
    #expect(parts[2].split(separator: #""util":0.375"#).count == 3)
    // Nothing but levels is changed: of one sample the step is the sample.
    let one = await Self.text("/metrics/history?step=1&seconds=10")
    #expect(
      await Self.text("/metrics/history?seconds=10").replacing("_sec\":10,", with: "_sec\":10,\"step_sec\":1,") == one)
  }

  @Test func meansOfManyAreThoseOfEach() throws {
    var samples = (0..<4).map { MadeUpSample.sample(at: MadeUpSample.moment + Double($0)) }
    for index in samples.indices {
      samples[index].networks[0].receiveTotal = Double(index)
      samples[index].ram.total = .nan
      samples[index].disks = [1, 2].map { number in
        var disk = Disk(from: nil, to: DiskReading(device: "sd\(number)"), over: Elapsed(seconds: .nan))
        // Only one of them tells, and only in some samples.
        disk.busy = number == 1 ? .nan : index > 1 ? Double(index) / 10 : .nan
        return disk
      }
    }
    let text = String(decoding: MeanSampleJSON.encode(samples), as: UTF8.self)
    #expect(text.contains(#""receive_bytes_total":3"#), "a counter's last")
    #expect(text.contains(#""busy":0.25"#) && !text.contains("total_mb\":0"))
    #expect(text.hasPrefix(#"{"timestamp":"2026-02-05T06:45:03Z""#))
  }

  @Test func theStretchFromOneMomentToAnother() async {
    func count(_ query: String) async -> Int {
      await Self.text("/metrics/history?" + query).split(separator: "timestamp").count - 1
    }
    #expect(await count("from=2026-02-05T06:44:40Z&to=2026-02-05T06:44:50Z") == 2)
    #expect(await count("from=1770273880.5") == 2)
    #expect(await count("to=2026-02-05T15:44:20%2B09:00") == 1)
    #expect(await count("to=2026-02-05T15:44:20+09:00") == 1)
    #expect(await count("from=0") == 5)
    #expect(await count("to=1") == 0)
  }

  @Test func aMomentOfThePast() async {
    let text = await Self.text("/metrics/at?time=2026-02-05T06:44:39Z")
    #expect(text.hasPrefix(#"{"timestamp":"2026-02-05T06:44:30Z","#) && text.contains(#""threads":1,"usage":0.2,"#))
    #expect(await Self.text("/metrics/at?time=9999999999") == Self.text("/metrics/latest"))
    let none = await Self.get("/metrics/at?time=1770273859.9")
    #expect(none.status == 404)
    #expect(
      String(decoding: none.body, as: UTF8.self)
        == #"{"error":{"code":404,"message":"there is no sample at or before 2026-02-05T06:44:19Z"}}"#)
  }

  @Test(arguments: [
    ("/metrics/history?seconds=5&from=0", "seconds", "seconds does not go with from and to"),
    ("/metrics/history?seconds=5&to=9", "seconds", "seconds does not go with from and to"),
    ("/metrics/history?from=10&to=9", "from", "from is later than to"),
    (
      "/metrics/history?from=yesterday", "from",
      #"from: \"yesterday\" is not allowed; allowed is RFC 3339 (2026-02-05T06:45:00Z), or seconds since 1970 (1770273900.5)"#
    ),
    ("/metrics/history?from=2026-02-30T00:00:00Z", "from", "is not allowed"),
    ("/metrics/history?to=", "to", "is not allowed"),
    ("/metrics/history?to=-5", "to", "is not allowed"), ("/metrics/history?to=1e9", "to", "is not allowed"),
    ("/metrics/history?to=1.2.3", "to", "is not allowed"), ("/metrics/history?to=nan", "to", "is not allowed"),
    ("/metrics/history?to=.5", "to", "is not allowed"),
    ("/metrics/history?to=9999999999999999", "to", "is not allowed"),
    ("/metrics/history?step=0", "step", #"step: \"0\" is not allowed; allowed is an integer from 1 to 31622400"#),
    ("/metrics/history?step=99999999999999999999", "step", "is not allowed"),
    ("/metrics/history?step=1.5", "step", "is not"),
    (
      "/metrics/history?metrics=cpu.usage,nix", "metrics",
      #"metrics: \"nix\" is not allowed; allowed is ids of /catalog that have series, with labels, or with *"#
    ),
    ("/metrics/history?metrics=", "metrics", #"metrics: \"\" is not"#),
    ("/metrics/history?metrics=cpu.usage,", "metrics", #"metrics: \"\" is not"#),
    ("/metrics/history?metrics=cpu.model", "metrics", "cpu.model"),
    ("/metrics/history?stats=mean", "stats", "stats goes with metrics or with format=csv"),
    ("/metrics/history?metrics=*&stats=", "stats", #"stats: \"\" is not allowed; allowed is mean, min, max"#),
    ("/metrics/history?metrics=*&stats=median", "stats", "is not allowed"),
    ("/metrics/history?format=xml", "format", #"format: \"xml\" is not allowed; allowed is json, csv"#),
    ("/metrics/history?from=1&from=2", "from", "second value"),
    ("/metrics/at", "time", "time: which moment is wanted"), ("/metrics/at?time=now", "time", "is not allowed"),
    (
      "/metrics/stream?interval=0", "interval",
      #"interval: \"0\" is not allowed; allowed is an integer from 1 to 86400"#
    ),
    ("/metrics/stream?interval=86401", "interval", "is not allowed"),
    ("/metrics/stream?since=x", "since", "is not allowed"),
    ("/metrics/stream?Last-Event-ID=5", "Last-Event-ID", "unknown; allowed here: interval, since"),
    ("/processes?at=x", "at", "is not allowed"),
  ]) func wrongParameters(target: String, parameter: String, message: String) async {
    let response = await Self.get(target)
    let text = String(decoding: response.body, as: UTF8.self)
    #expect(response.status == 400)
    #expect(text.hasSuffix(#","parameter":"\#(parameter)"}}"#), "\(text)")
    #expect(text.contains(message), "\(text)")
  }

  @Test func anAnswerThatWouldFillTheMemoryIsRefused() async {
    let history = History(capacity: 600, interval: 1)
    for second in 0..<600 {
      var sample = MadeUpSample.sample(at: MadeUpSample.moment + Double(second))
      sample.filesystems = (0..<(second == 0 ? 9_000 : 0)).map {
        var filesystem = Filesystem(mountpoint: "/\($0)", device: "x", fstype: "y", isReadOnly: false)
        filesystem.total = 1
        return filesystem
      }
      history.append(sample)
    }
    let api = API(history: history) { (Timestamp(seconds: 0), []) }
    let response = await api.respond(to: API.Request(target: "/metrics/history?from=0&metrics=filesystems.*"))
    #expect(response.status == 400)
    #expect(
      String(decoding: response.body, as: UTF8.self).hasPrefix(
        #"{"error":{"code":400,"message":"the answer would have more than 5000000 values in 600 rows; allowed is less: "#
      ))
  }

  @Test func processesOfThePast() async {
    let history = History(capacity: 10, interval: 10)
    for second in [0.0, 10] {
      var sample = MadeUpSample.sample(at: MadeUpSample.moment + second)
      sample.processes = Processes(from: nil, to: ProcessesReading(), over: Elapsed(seconds: 1))
      sample.processes?.top = [process(1, cpu: second), process(2, cpu: 5), process(3, cpu: 1)]
      sample.gpus[0].processes = [(Int32(2), 0.5, 2.0), (3, 0.5, 3)].map { pid, util, memory in
        var process = GPUProcess(pid: pid)
        process.util = util
        process.vram = memory * 1_048_576
        return process
      }
      sample.gpus.append(sample.gpus[0])
      history.append(sample)
    }
    let api = API(history: history) {
      (Timestamp(seconds: MadeUpSample.moment + 20), [process(3), process(4), process(2)])
    }
    func get(_ target: String) async -> String {
      String(decoding: await api.respond(to: API.Request(target: target)).body, as: UTF8.self)
    }
    func pids(_ text: String) -> [Int] {
      text.split(separator: #"{"pid":"#).dropFirst().compactMap { Int($0.prefix(while: \.isNumber)) }
    }
    let old = await get("/processes?at=1770273905")
    #expect(old.hasPrefix(#"{"timestamp":"2026-02-05T06:45:00Z","stored":true,"processes":["#))
    #expect(pids(old) == [2, 3, 1])
    #expect(pids(await get("/processes?at=1770273910&limit=2")) == [1, 2])
    #expect(old.contains(#""gpu_util":1,"gpu_memory_mb":4}"#) && old.split(separator: "gpu_util").count == 3)
    // The greater memory first where both use as much time.
    #expect(pids(await get("/processes?sort=gpu")) == [3, 2, 4])
    #expect(await !get("/processes").contains("stored"))
    #expect(await api.respond(to: API.Request(target: "/processes?at=1")).status == 404)
  }
}
