internal import AgentMetrics
internal import Collect
internal import SystemIO

/// NVIDIA's command line tool, for machines where the library cannot be opened.
///
/// It loads the driver's library anew each time, which takes some 100 ms of CPU time, so that it is asked at most every
/// five seconds. Not verified on hardware.
final class NvidiaSMI {
  /// Seconds between two runs.
  private static let period = 5.0

  private let run: (_ arguments: [String]) throws(CollectorError) -> [UInt8]
  private var fields = NvidiaSMIParser.fields
  private var answer: [GPU] = []
  private var answeredAt = -Double.infinity

  /// - Parameter run: runs the tool with arguments and gives what it printed.
  init(run: @escaping (_ arguments: [String]) throws(CollectorError) -> [UInt8]) {
    self.run = run
  }

  /// The GPUs as the tool tells them, from its last run where that is younger than five seconds.
  func read(at instant: Double) throws(CollectorError) -> [GPU] {
    if instant - answeredAt < Self.period {
      return answer.map { gpu in
        var gpu = gpu
        gpu.age = instant - answeredAt
        return gpu
      }
    }
    let format = "--format=csv,noheader,nounits"
    var printed: [UInt8]
    do {
      printed = try run(["--query-gpu=" + fields.joined(separator: ","), format])
    } catch {
      // An old tool refuses the whole question for one field that it does not know.
      guard fields.count > NvidiaSMIParser.oldFields.count else { throw error }
      fields = NvidiaSMIParser.oldFields
      printed = try run(["--query-gpu=" + fields.joined(separator: ","), format])
    }
    let text = printed
    answer = NvidiaSMIParser.gpus(text.span, fields: fields)
    if let users = try? run(["--query-compute-apps=gpu_uuid,pid,used_memory", format]) {
      let processes = NvidiaSMIParser.processes(users.span)
      for index in answer.indices {
        guard let uuid = answer[index].uuid else { continue }
        answer[index].processes = (processes[uuid] ?? []).sorted { ($1.vram, $0.pid) < ($0.vram, $1.pid) }
      }
    }
    answeredAt = instant
    return answer
  }
}

/// What `nvidia-smi --query-… --format=csv,noheader,nounits` prints: a line for each, its fields apart by ", ".
///
/// In the place of a number may stand `[N/A]`, `N/A`, `[Not Supported]`, `[Unknown Error]`, `ERR!`, `[GPU is lost]`.
enum NvidiaSMIParser {
  /// Fields asked for; the name comes last, since it may hold a comma.
  static let fields = [
    "uuid", "pci.bus_id", "driver_version", "temperature.gpu", "utilization.gpu", "utilization.memory", "memory.total",
    "memory.used", "power.draw", "power.limit", "clocks.sm", "clocks.mem", "clocks.max.sm", "fan.speed",
    "pcie.link.gen.current", "pcie.link.width.current", "pstate", "temperature.memory", "name",
  ]

  /// Fields that tools of many years ago know too.
  static let oldFields = [
    "uuid", "pci.bus_id", "driver_version", "temperature.gpu", "utilization.gpu", "memory.total", "memory.used", "name",
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

  /// Processes by the GPU's unique id.
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
    return processes
  }

  private static func set(_ field: String, _ value: String, of gpu: inout GPU) {
    if value.contains("GPU is lost") { gpu.state = .lost }
    switch field {
    case "uuid": gpu.uuid = value
    case "pci.bus_id": gpu.pciAddress = address(value)
    case "driver_version": gpu.driver = text(value)
    case "name": gpu.model = text(value)
    case "pstate": gpu.performanceState = value.hasPrefix("P") ? text(value) : nil
    case "temperature.gpu": gpu.temperature = Plausible.celsius(number(value))
    case "temperature.memory": gpu.memoryTemperature = Plausible.celsius(number(value))
    case "utilization.gpu": gpu.util = share(value)
    case "utilization.memory": gpu.memoryUtil = share(value)
    case "fan.speed": gpu.fan = share(value)
    case "memory.total": gpu.vramTotal = Plausible.bytes(number(value) * 1_048_576)
    case "memory.used": gpu.vramUsed = Plausible.bytes(number(value) * 1_048_576)
    case "power.draw": gpu.power = Plausible.watts(number(value))
    case "power.limit": gpu.powerLimit = Plausible.watts(number(value))
    case "clocks.sm": gpu.clock = Plausible.hertz(number(value) * 1e6)
    case "clocks.max.sm": gpu.clockMaximum = Plausible.hertz(number(value) * 1e6)
    case "clocks.mem": gpu.memoryClock = Plausible.hertz(number(value) * 1e6)
    case "pcie.link.gen.current": gpu.pcieGeneration = number(value)
    case "pcie.link.width.current": gpu.pcieWidth = number(value)
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

  /// "00000000:3B:00.0", as sysfs writes it.
  private static func address(_ value: String) -> String? {
    guard value.utf8.count >= 12, value.contains(":") else { return nil }
    return String(value.suffix(12)).lowercased()
  }

  private static func text(_ value: String) -> String? {
    value.isEmpty || value.hasPrefix("[") || value == "N/A" || value == "ERR!" ? nil : value
  }

  /// NaN for all that is no plain number.
  private static func number(_ value: String) -> Double {
    guard value.first?.isNumber == true, let number = Double(value), number.isFinite else { return .nan }
    return number
  }

  private static func share(_ value: String) -> Double {
    let percent = number(value)
    return percent <= 100 ? percent / 100 : .nan
  }
}
