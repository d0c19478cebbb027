internal import AgentMetrics
internal import Collect
internal import SystemIO

/// NVIDIA's command line tool, for machines where the library cannot be opened.
///
/// It loads the driver's library anew each time, which takes some 100 ms of CPU time, so that it is asked at most every
/// five seconds and for a twentieth of the time. Its full report, which takes longer since it measures what goes over PCI
/// Express, is asked for once a minute: graphics processes, MIG's parts, thresholds, CUDA's version; and where a tool
/// refuses all shorter questions. Not verified on hardware.
final class NvidiaSMI {
  /// Seconds between two runs, at least.
  static let period = 5.0
  /// Seconds between two full reports.
  static let reportPeriod = 60.0

  /// Runs the tool with arguments and gives what it printed.
  typealias Run = (_ arguments: [String]) throws(CollectorError) -> [UInt8]

  private let run: Run
  /// Which of the parser's questions the tool understands; past the last, only the report.
  private var question = 0
  private var answer: [GPU] = []
  private var asked: [String]?
  private var answeredAt = -Double.infinity
  private var rest = period
  private var report: [GPU] = []
  private var reportedAt = -Double.infinity
  private var hasReport = true

  init(run: @escaping Run) {
    self.run = run
  }

  /// The GPUs as the tool tells them, from its last run where that is not long ago.
  ///
  /// - Parameter addresses: those to be asked, where others must not be; nil for all.
  func read(at instant: Double, addresses: [String]? = nil) throws(CollectorError) -> [GPU] {
    if instant - answeredAt < rest, asked == addresses {
      return answer.map { gpu in
        var gpu = gpu
        gpu.age = instant - answeredAt
        return gpu
      }
    }
    let start = Clock.monotonic
    let target = addresses.map { ["-i", $0.joined(separator: ",")] } ?? []
    var failure: CollectorError?
    if hasReport, instant - reportedAt >= Self.reportPeriod || question == NvidiaSMIParser.questions.count {
      do {
        let text = try run(["-q", "-x"] + target)
        report = NvidiaSMIReport.gpus(text.span)
      } catch {
        failure = error
        report = []
      }
      reportedAt = instant
    }
    do {
      answer = try ask(target)
      answer = answer.map { gpu in
        report.first { $0.uuid != nil && $0.uuid == gpu.uuid }.map { Self.join(gpu, $0) } ?? gpu
      }
    } catch {
      // An old or a new tool that knows none of the questions, but reports.
      guard !report.isEmpty, reportedAt == instant else { throw failure ?? error }
      answer = report
    }
    asked = addresses
    answeredAt = instant
    rest = max(Self.period, 20 * (Clock.monotonic - start))
    return answer
  }

  /// Asks the longest question that the tool understands, and for processes.
  private func ask(_ target: [String]) throws(CollectorError) -> [GPU] {
    let format = ["--format=csv,noheader,nounits"] + target
    let first = question
    var failure = CollectorError("nvidia-smi: no question that it understands")
    while question < NvidiaSMIParser.questions.count {
      let fields = NvidiaSMIParser.questions[question]
      let start = Clock.monotonic
      do {
        let text = try run(["--query-gpu=" + fields.joined(separator: ",")] + format)
        var gpus = NvidiaSMIParser.gpus(text.span, fields: fields)
        if let users = try? run(["--query-compute-apps=gpu_uuid,pid,used_memory"] + format) {
          let processes = NvidiaSMIParser.processes(users.span)
          for index in gpus.indices { gpus[index].processes = gpus[index].uuid.flatMap { processes[$0] } ?? [] }
        }
        return gpus
      } catch {
        failure = error
        // It refuses a whole question at once for one field that it does not know; when it hangs it is not that.
        if Clock.monotonic - start > 2 { break }
        question += 1
      }
    }
    // It refused all of them: the driver's fault rather than the question's.
    if first < NvidiaSMIParser.questions.count { question = first }
    throw failure
  }

  /// An answer with what only the report tells.
  private static func join(_ gpu: GPU, _ report: GPU) -> GPU {
    var gpu = gpu
    gpu.cuda = report.cuda
    gpu.slowdownTemperature = report.slowdownTemperature
    gpu.instances = report.instances
    func take(_ path: WritableKeyPath<GPU, Double>) {
      if gpu[keyPath: path].isNaN { gpu[keyPath: path] = report[keyPath: path] }
    }
    take(\.retiredPages)
    take(\.pcieReceive)
    take(\.pcieTransmit)
    // The last report's, except those that the answer has.
    let graphics = (report.processes ?? []).filter { $0.kind != "compute" }
    if !graphics.isEmpty {
      var processes = gpu.processes ?? []
      for process in graphics {
        if let index = processes.firstIndex(where: { $0.pid == process.pid }) {
          processes[index].kind = process.kind
        } else {
          processes.append(process)
        }
      }
      gpu.processes = processes
    }
    gpu.processes?.sort(by: NvidiaSMIParser.usesMore)
    return gpu
  }
}

/// What `nvidia-smi --query-… --format=csv,noheader,nounits` prints: a line for each, its fields apart by ", ".
///
/// In the place of a number may stand `[N/A]`, `N/A`, `[Not Supported]`, `[Unknown Error]`, `ERR!`, `[GPU is lost]`.
enum NvidiaSMIParser {
  private static let who = ["uuid", "pci.bus_id", "driver_version"]
  private static let use = ["temperature.gpu", "utilization.gpu", "memory.total", "memory.used"]
  private static let common = [
    "utilization.memory", "power.draw", "enforced.power.limit", "clocks.current.graphics", "clocks.current.memory",
    "clocks.max.graphics", "fan.speed", "pcie.link.gen.current", "pcie.link.width.current", "pstate",
    "ecc.errors.corrected.volatile.total", "ecc.errors.uncorrected.volatile.total",
  ]
  private static let recent = ["temperature.memory", "mig.mode.current"]

  /// The fields to ask for, the most first: of drivers since about 535, since 450, since 340, of all.
  ///
  /// The name comes last, since it may hold a comma.
  static let questions: [[String]] = [
    who + use + common + recent
      + ["clocks_event_reasons.active", "utilization.encoder", "utilization.decoder", "name"],
    who + use + common + recent + ["clocks_throttle_reasons.active", "name"],
    who + use + common + ["name"],
    who + use + ["name"],
  ]

  /// The GPUs; lines that do not have all fields are messages and are passed over.
  static func gpus(_ bytes: Span<UInt8>, fields: [String]) -> [GPU] {
    lines(bytes).compactMap { line in
      let values = split(line, count: fields.count)
      guard values.count == fields.count, values[0].hasPrefix("GPU-") else { return nil }
      var gpu = GPU(vendor: "nvidia")
      for (field, value) in zip(fields, values) { set(field, value, of: &gpu) }
      return gpu
    }
  }

  /// Processes by the GPU's unique id, most memory first.
  static func processes(_ bytes: Span<UInt8>) -> [String: [GPUProcess]] {
    var processes: [String: [GPUProcess]] = [:]
    for line in lines(bytes) {
      let values = split(line, count: 3)
      guard values.count == 3, let pid = Int32(values[1]), pid > 0 else { continue }
      var process = GPUProcess(pid: pid)
      process.kind = "compute"
      process.vram = Plausible.bytes(number(values[2]) * 1_048_576)
      processes[values[0], default: []].append(process)
    }
    return processes.mapValues { $0.sorted(by: usesMore) }
  }

  /// Whether one process comes before another: that with more memory; those that do not tell come last.
  static func usesMore(_ first: GPUProcess, _ second: GPUProcess) -> Bool {
    let (left, right) = (first.vram.isNaN ? -1 : first.vram, second.vram.isNaN ? -1 : second.vram)
    return (right, first.pid) < (left, second.pid)
  }

  private static func set(_ field: String, _ value: String, of gpu: inout GPU) {
    if isLost(value) { gpu.state = .lost }
    switch field {
    case "uuid": gpu.uuid = value
    case "pci.bus_id": gpu.pciAddress = PCIAddress.text(value)
    case "driver_version": gpu.driver = text(value)
    case "name": gpu.model = text(value)
    case "pstate": gpu.performanceState = value.hasPrefix("P") ? text(value) : nil
    case "temperature.gpu": gpu.temperature = Plausible.celsius(number(value))
    case "temperature.memory": gpu.memoryTemperature = Plausible.celsius(number(value))
    case "utilization.gpu": gpu.util = share(value)
    case "utilization.memory": gpu.memoryUtil = share(value)
    case "utilization.encoder": gpu.encoder = share(value)
    case "utilization.decoder": gpu.decoder = share(value)
    case "fan.speed": gpu.fan = share(value)
    case "memory.total": gpu.vramTotal = nonzero(Plausible.bytes(number(value) * 1_048_576))
    case "memory.used": gpu.vramUsed = Plausible.bytes(number(value) * 1_048_576)
    case "power.draw": gpu.power = Plausible.watts(number(value))
    case "enforced.power.limit": gpu.powerLimit = Plausible.watts(number(value))
    case "clocks.current.graphics": gpu.clock = Plausible.hertz(number(value) * 1e6)
    case "clocks.max.graphics": gpu.clockMaximum = Plausible.hertz(number(value) * 1e6)
    case "clocks.current.memory": gpu.memoryClock = Plausible.hertz(number(value) * 1e6)
    case "pcie.link.gen.current": gpu.pcieGeneration = number(value)
    case "pcie.link.width.current": gpu.pcieWidth = number(value)
    case "ecc.errors.corrected.volatile.total": gpu.eccCorrected = number(value)
    case "ecc.errors.uncorrected.volatile.total": gpu.eccUncorrected = number(value)
    case "clocks_event_reasons.active", "clocks_throttle_reasons.active":
      gpu.throttleReasons =
        value.hasPrefix("0x") ? UInt64(value.dropFirst(2), radix: 16).map { ThrottleReasons.text($0) } : nil
    case "mig.mode.current":
      // The parts come with the report; use is not told of a divided one.
      if value == "Enabled" { gpu.instances = [] }
    default: break
    }
  }

  private static func lines(_ bytes: Span<UInt8>) -> [String] {
    bytes.string(0..<bytes.count).split(whereSeparator: \.isNewline).prefix(4_096).map { String($0) }
  }

  /// At most `count` fields, the last with whatever commas it has.
  private static func split(_ line: String, count: Int) -> [String] {
    line.split(separator: ",", maxSplits: count - 1, omittingEmptySubsequences: false).map { part in
      String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
  }

  /// Whether a value says that the device has gone.
  static func isLost(_ value: String) -> Bool {
    value.contains("GPU is lost") || value.contains("GPU requires reset")
  }

  /// Nil for what stands in the place of a text that is not known.
  static func text(_ value: String) -> String? {
    value.isEmpty || value.hasPrefix("[") || value == "N/A" || value == "ERR!" || value == "Unknown Error"
      || value == "None" ? nil : value
  }

  /// The number that a value is, or begins with before its unit; NaN for all else.
  static func number(_ value: String) -> Double {
    let word = value.prefix { $0 != " " && $0 != "%" && $0 != "x" }
    guard let first = word.utf8.first, first.isDigit, let number = Double(word), number.isFinite else { return .nan }
    return number
  }

  /// A percentage as a share; NaN above 100.
  static func share(_ value: String) -> Double {
    let percent = number(value)
    return percent <= 100 ? percent / 100 : .nan
  }

  private static func nonzero(_ value: Double) -> Double { value > 0 ? value : .nan }
}
