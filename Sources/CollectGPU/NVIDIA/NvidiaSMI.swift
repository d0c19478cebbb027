internal import AgentMetrics
internal import Collect
internal import SystemIO

/// NVIDIA's command line tool, for machines where the library cannot be opened.
///
/// It loads the driver's library at each run, which takes some 100 ms of CPU time, so it runs at most every five
/// seconds and for a twentieth of the time. Its full report takes longer, since it measures PCI Express traffic. It is
/// read once a minute for graphics processes, MIG instances, thresholds and CUDA's version, and as the fallback if the
/// tool refuses all queries. Its output counts, not its status: it exits with 14 after a complete result if an infoROM
/// is corrupted, with 15 if one GPU of eight is lost. Not verified on hardware.
final class NvidiaSMI {
  /// Minimum seconds between two runs.
  static let period = 5.0
  /// Seconds between two full reports.
  static let reportPeriod = 60.0

  /// Runs the tool with arguments and returns its output.
  typealias RunNvidiaSMI = (_ arguments: [String]) throws(CollectorError) -> Tool.Output

  private let start: RunNvidiaSMI
  /// Monotonic clock in seconds, used to measure runs.
  private let clock: () -> Double
  /// Index of the longest of the parser's queries that the tool understands; past the last, only the report.
  private var question = 0
  private var answer: [GPU] = []
  private var asked: [String]?
  private var answeredAt = -Double.infinity
  private var rest = period
  private var report: [NvidiaSMIReport.Device] = []
  /// Addresses of GPUs that the last output reported as lost, beside those that it listed.
  private(set) var lost: Set<String> = []
  /// Whether the last run did not end in time.
  private(set) var isHanging = false
  private var reportedAt = -Double.infinity
  private var hasReport = true

  init(clock: @escaping () -> Double = { Clock.monotonic }, run: @escaping RunNvidiaSMI) {
    self.clock = clock
    start = run
  }

  private func run(_ arguments: [String]) throws(CollectorError) -> Tool.Output {
    let output = try start(arguments)
    isHanging = output.isLate
    return output
  }

  /// Returns the GPUs of the last run if it is recent, else of a new run.
  ///
  /// - Parameter addresses: GPUs to query, if others must not be accessed; nil for all.
  func read(at instant: Double, addresses: [String]? = nil) throws(CollectorError) -> [GPU] {
    if instant - answeredAt < rest, asked == addresses {
      return answer.map { gpu in
        var gpu = gpu
        gpu.age = instant - answeredAt
        return gpu
      }
    }
    let start = clock()
    let target = addresses.map { ["-i", $0.joined(separator: ",")] } ?? []
    if hasReport, instant - reportedAt >= Self.reportPeriod || question == NvidiaSMIParser.questions.count {
      let output = try? run(["-q", "-x"] + target)
      report = output.map { NvidiaSMIReport.devices($0.text.span) } ?? []
      // A tool that hangs in the report is not run for it again.
      if output?.isLate == true { hasReport = false }
      reportedAt = instant
    }
    do {
      answer = try ask(target)
      answer = answer.map { gpu in
        report.first { $0.gpu.uuid != nil && $0.gpu.uuid == gpu.uuid }.map { Self.join(gpu, $0) } ?? gpu
      }
    } catch {
      // An old or a new tool may understand no query and still report.
      guard !report.isEmpty, reportedAt == instant else { throw error }
      answer = report.map(\.gpu)
    }
    asked = addresses
    answeredAt = instant
    rest = max(Self.period, 20 * (clock() - start))
    return answer
  }

  /// Runs the longest query that the tool understands, and the one for processes.
  private func ask(_ target: [String]) throws(CollectorError) -> [GPU] {
    let format = ["--format=csv,noheader,nounits"] + target
    let first = question
    var failure = CollectorError("nvidia-smi: does not support any known query")
    while question < NvidiaSMIParser.questions.count {
      let fields = NvidiaSMIParser.questions[question]
      let start = clock()
      let output: Tool.Output
      do { output = try run(["--query-gpu=" + fields.joined(separator: ",")] + format) } catch {
        failure = error
        question += 1
        continue
      }
      let gpus = NvidiaSMIParser.gpus(output.text.span, fields: fields)
      if !gpus.isEmpty {
        lost = Set(NvidiaSMIParser.lost(output.text.span))
        return addProcesses(to: gpus, format)
      }
      failure = output.error("nvidia-smi", none: "no GPU in the output")
      // One unknown field makes it refuse the whole query; a hang has another cause.
      if clock() - start > 2 { break }
      question += 1
    }
    // It refused all queries: the driver's fault rather than the query's.
    if first < NvidiaSMIParser.questions.count { question = first }
    throw failure
  }

  private func addProcesses(to gpus: [GPU], _ format: [String]) -> [GPU] {
    guard let users = try? run(["--query-compute-apps=gpu_uuid,pid,used_memory"] + format) else { return gpus }
    let processes = NvidiaSMIParser.processes(users.text.span)
    // A refusal is not an empty list.
    if processes.isEmpty, users.failure != nil { return gpus }
    return gpus.map { gpu in
      var gpu = gpu
      gpu.processes = gpu.uuid.flatMap { processes[$0] } ?? []
      return gpu
    }
  }

  /// Adds values that only the report has.
  private static func join(_ gpu: GPU, _ device: NvidiaSMIReport.Device) -> GPU {
    var gpu = gpu
    let report = device.gpu
    if device.hasNoLink { (gpu.pcieGeneration, gpu.pcieWidth) = (.nan, .nan) }
    gpu.recoveryAction = gpu.recoveryAction ?? report.recoveryAction
    gpu.cuda = report.cuda
    gpu.slowdownTemperature = report.slowdownTemperature
    gpu.instances = report.instances
    func take(_ path: WritableKeyPath<GPU, Double>) {
      if gpu[keyPath: path].isNaN { gpu[keyPath: path] = report[keyPath: path] }
    }
    take(\.retiredPages)
    take(\.pcieReceive)
    take(\.pcieTransmit)
    // From the last report, except processes that are in the query's result.
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
