import AgentMetrics
import SampleStore
import Testing

@testable import API

/// Formats of `/metrics/history`, `/metrics/at`, and formats of times.
@Suite struct HistoryEndpointTests {
  /// Five samples, ten seconds apart, the newest at 06:45:00, with different CPU and GPU usage.
  private static func api() -> API {
    let history = History(capacity: 100, interval: 10)
    for index in 0..<5 {
      var sample = MadeUpSample.sample(at: MadeUpSample.time - Double(4 - index) * 10)
      sample.cpu.usage = Double(index + 1) / 10
      sample.gpus[0].util = Double(index) / 8
      history.append(sample)
    }
    return API(history: history)
  }

  private static func get(_ target: String) async -> API.Response {
    await api().respond(to: API.Request(target: target))
  }

  private static func text(_ target: String) async -> String {
    json(await get(target).body)
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
    #expect(
      extremes + "\n" == "timestamp,cpu.usage,cpu.usage min,cpu.usage max\r\n2026-02-05T06:45:00Z,0.3,0.1,0.5\r\n")
    let all = await Self.text("/metrics/history?format=csv&seconds=10")
    #expect(
      all.hasPrefix("timestamp,cpu.cores,")
        && all.contains("filesystems.read_only{mountpoint=\"\"/a \\\"\"b\\\"\"\\n\"\"}"))
  }

  /// A mean of integers is written as an integer, like in the specification's samples.
  @Test func stepsKeepTheTypesOfSamples() async throws {
    let history = History(capacity: 10, interval: 10)
    for second in [0.0, 10, 20] {
      var sample = MadeUpSample.sample(at: MadeUpSample.time + second)
      sample.gpus[0].temperature = 65 + second / 7
      sample.cpu.threads = 8 + second / 20
      var load = Load()
      (load.running, load.load1) = (second / 10, second / 7)
      sample.load = load
      history.append(sample)
    }
    let api = API(history: history)
    let text = json(await api.respond(to: API.Request(target: "/metrics/history?seconds=30&step=60")).body)
    // A mode's share of time and a number of processes have the same name.
    let fractional = Set(Catalog.shared.metrics.filter { !$0.definition.isWhole }.map(\.definition.name))
    for metric in Catalog.shared.metrics where !fractional.contains(metric.definition.name) {
      for part in text.split(separator: "\"\(metric.definition.name)\":").dropFirst() {
        let number = part.prefix { $0 != "," && $0 != "}" && $0 != "]" }
        // An object or a list with the same name.
        if number.first?.isNumber != true { continue }
        #expect(Int(number) != nil, "\(metric.id): \(part.prefix(40))")
      }
    }
    #expect(
      text.contains(#""temperature_c":67,"#) && text.contains(#""load1":2.14,"#) && text.contains(#""threads":9,"#))
  }

  @Test func wholeSamplesInSteps() async throws {
    let text = await Self.text("/metrics/history?step=30")
    let parts = text.split(separator: #"{"timestamp":""#)
    #expect(parts[0] == #"{"interval_sec":10,"step_sec":30,"samples":["#)
    #expect(
      parts.count == 3 && parts[1].hasPrefix("2026-02-05T06:44:30Z") && parts[2].hasPrefix("2026-02-05T06:45:00Z"))
    #expect(parts[1].contains(#""threads":1,"usage":0.15,"#) && parts[2].contains(#""threads":1,"usage":0.4,"#))
    // The entries of a list, and repeated values: the GPU in the specification's format and in the list of all.
    #expect(parts[2].split(separator: #""util":0.375"#).count == 3)
    // Only gauges change: a step of one sample equals the sample.
    let one = await Self.text("/metrics/history?step=1&seconds=10")
    #expect(
      await Self.text("/metrics/history?seconds=10").replacing("_sec\":10,", with: "_sec\":10,\"step_sec\":1,") == one)
  }

  @Test func meansOfManyAreThoseOfEach() throws {
    var samples = (0..<4).map { MadeUpSample.sample(at: MadeUpSample.time + Double($0)) }
    for index in samples.indices {
      samples[index].networks[0].receiveTotal = Double(index)
      samples[index].ram.total = .nan
      samples[index].disks = [1, 2].map { number in
        var disk = Disk(from: nil, to: DiskReading(device: "sd\(number)"), over: Elapsed(seconds: .nan))
        // Only one of them has a value, and only in some samples.
        disk.busy = number == 1 ? .nan : index > 1 ? Double(index) / 10 : .nan
        return disk
      }
    }
    let text = String(decoding: MeanSampleJSON.encode(samples), as: UTF8.self)
    #expect(text.contains(#""receive_bytes_total":3"#), "a counter's last")
    #expect(text.contains(#""busy":0.25"#) && !text.contains("total_mb\":0"))
    #expect(text.hasPrefix(#"{"timestamp":"2026-02-05T06:45:03Z""#))
  }

  @Test func theRangeFromOneTimeToAnother() async {
    func count(_ query: String) async -> Int {
      await Self.text("/metrics/history?" + query).split(separator: "timestamp").count - 1
    }
    #expect(await count("from=2026-02-05T06:44:40Z&to=2026-02-05T06:44:50Z") == 2)
    #expect(await count("from=1770273880.5") == 2)
    #expect(await count("to=2026-02-05T15:44:20%2B09:00") == 1)
    #expect(await count("to=2026-02-05T15:44:20+09:00") == 1)
    #expect(await count("from=0") == 5)
    #expect(await count("to=1") == 0)
    // A length extends from either end, or limits a range with both.
    #expect(await count("seconds=10&to=2026-02-05T06:44:50Z") == 2)
    #expect(await count("seconds=15&from=2026-02-05T06:44:20Z") == 2)
    #expect(await count("seconds=10&from=0&to=2026-02-05T06:44:50Z") == 2)
    #expect(await count("from=1.7702738805e9") == 2)
    let reversed = await Self.get("/metrics/history?from=10&to=9")
    #expect(reversed.status == 404 && json(reversed.body).contains("from is later than to"))
  }

  @Test func statisticsWithoutMetricsAreOfAllOfThem() async {
    let text = await Self.text("/metrics/history?stats=max")
    #expect(text.contains(#""max":{"cpu.cores":["#) && !text.contains(#""series":{"#))
  }

  @Test func aTimeOfThePast() async {
    let text = await Self.text("/metrics/at?time=2026-02-05T06:44:39Z")
    #expect(text.hasPrefix(#"{"timestamp":"2026-02-05T06:44:30Z","#) && text.contains(#""threads":1,"usage":0.2,"#))
    #expect(await Self.text("/metrics/at?time=9999999999") == Self.text("/metrics/latest"))
    let none = await Self.get("/metrics/at?time=1770273859.9")
    #expect(none.status == 404)
    #expect(
      json(none.body)
        == #"{"error":{"code":"not_found","message":"no sample at or before 2026-02-05T06:44:19Z"}}"#)
  }

  @Test(arguments: [
    (
      "/metrics/history?from=yesterday", "from",
      #"from: must be RFC 3339 (2026-02-05T06:45:00Z) or seconds since 1970 (1770273900.5), not \"yesterday\""#
    ),
    ("/metrics/history?from=2026-02-30T00:00:00Z", "from", "must be"),
    ("/metrics/history?to=", "to", "must be"),
    ("/metrics/history?to=-5", "to", "must be"), ("/metrics/history?to=0x1p3", "to", "must be"),
    ("/metrics/history?to=1.2.3", "to", "must be"), ("/metrics/history?to=nan", "to", "must be"),
    ("/metrics/history?to=.5", "to", "must be"),
    ("/metrics/history?to=9999999999999999", "to", "must be"),
    ("/metrics/history?step=0", "step", #"step: must be an integer from 1 to 31622400, not \"0\""#),
    ("/metrics/history?step=99999999999999999999", "step", "must be"),
    ("/metrics/history?step=1.5", "step", "must be"),
    (
      "/metrics/history?metrics=cpu.usage,nix", "metrics",
      #"metrics: must be ids of /catalog that have series, with labels, or with *, not \"nix\""#
    ),
    ("/metrics/history?metrics=", "metrics", #"must be"#),
    ("/metrics/history?metrics=cpu.usage,", "metrics", #"must be"#),
    ("/metrics/history?metrics=cpu.model", "metrics", "cpu.model"),
    ("/metrics/history?metrics=*&stats=", "stats", #"stats: must be one or more of mean, min, max, not \"\""#),
    ("/metrics/history?metrics=*&stats=median", "stats", "must be"),
    ("/metrics/history?format=xml", "format", #"format: must be one of json, csv, not \"xml\""#),
    ("/metrics/history?from=1&from=2", "from", "given more than once"),
    ("/metrics/at", "time", "time: missing; must be RFC 3339"), ("/metrics/at?time=now", "time", "must be"),
    (
      "/metrics/stream?interval=0", "interval",
      #"interval: must be an integer from 1 to 86400, not \"0\""#
    ),
    ("/metrics/stream?interval=86401", "interval", "must be"),
    ("/metrics/stream?since=x", "since", "must be"),
    ("/metrics/stream?Last-Event-ID=5", "Last-Event-ID", "allowed: interval, since, count"),
    ("/processes?at=x", "at", "must be"),
  ]) func wrongParameters(target: String, parameter: String, message: String) async {
    let response = await Self.get(target)
    let text = json(response.body)
    #expect(response.status == 400)
    #expect(text.hasSuffix(#","parameter":"\#(parameter)"}}"#), "\(text)")
    #expect(text.contains(message), "\(text)")
  }

  @Test func aResponseThatWouldFillTheMemoryIsRefused() async {
    let history = History(capacity: 600, interval: 1)
    for second in 0..<600 {
      var sample = MadeUpSample.sample(at: MadeUpSample.time + Double(second))
      sample.filesystems = (0..<(second == 0 ? 9_000 : 0)).map {
        var filesystem = Filesystem(mountpoint: "/\($0)", device: "x", fstype: "y", isReadOnly: false)
        filesystem.total = 1
        return filesystem
      }
      history.append(sample)
    }
    let api = API(history: history)
    let response = await api.respond(to: API.Request(target: "/metrics/history?from=0&metrics=filesystems.*"))
    #expect(response.status == 400)
    #expect(
      String(decoding: response.body, as: UTF8.self).hasPrefix(
        #"{"error":{"code":"bad_request","message":"too many values: more than 5000000 in 600 rows; use "#
      ))
  }

  @Test func processesOfThePast() async {
    let history = History(capacity: 10, interval: 10)
    for second in [0.0, 10] {
      var sample = MadeUpSample.sample(at: MadeUpSample.time + second)
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
      var table = ProcessSnapshot(
        timestamp: Timestamp(seconds: MadeUpSample.time + 20), processes: [process(3), process(4), process(2)])
      table.gpus = GPUShare.byProcess(of: history.latest?.sample.gpus ?? [])
      (table.interval, table.age) = (1.000_4, 0.25)
      return table
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
    #expect(old.contains(#""gpu_util":1,"gpu_memory_mb":4,"gpus":[0]}"#) && old.split(separator: "gpu_util").count == 3)
    #expect(!old.contains("age_sec"))
    #expect(await get("/processes").contains(#"Z","interval_sec":1,"age_sec":0.25,"processes":["#))
    // Equal times are ordered by memory.
    #expect(pids(await get("/processes?sort=gpu")) == [3, 2, 4])
    #expect(await !get("/processes").contains("stored"))
    #expect(await api.respond(to: API.Request(target: "/processes?at=1")).status == 404)
  }
}
