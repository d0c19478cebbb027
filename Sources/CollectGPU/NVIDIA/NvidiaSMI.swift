internal import AgentMetrics
internal import Collect
internal import SystemIO

/// NVIDIA's command line tool, for machines where the library cannot be opened.
///
/// It loads the driver's library anew each time, which takes some 100 ms of CPU time, so that it is asked at most every
/// five seconds and for a twentieth of the time. Its full report, which takes longer since it measures what goes over PCI
/// Express, is asked for once a minute: graphics processes, MIG's parts, thresholds, CUDA's version; and where a tool
/// refuses all shorter questions. Its output counts, not its status: it ends with 14 after a whole answer when an infoROM
/// is corrupted, with 15 when one GPU of eight is lost. Not verified on hardware.
final class NvidiaSMI {
  /// Seconds between two runs, at least.
  static let period = 5.0
  /// Seconds between two full reports.
  static let reportPeriod = 60.0

  /// Runs the tool with arguments and gives what it printed.
  typealias RunNvidiaSMI = (_ arguments: [String]) throws(CollectorError) -> Tool.Output

  private let run: RunNvidiaSMI
  /// Seconds by a clock that does not step, by which runs are measured.
  private let clock: () -> Double
  /// Which of the parser's questions the tool understands; past the last, only the report.
  private var question = 0
  private var answer: [GPU] = []
  private var asked: [String]?
  private var answeredAt = -Double.infinity
  private var rest = period
  private var report: [NvidiaSMIReport.Device] = []
  /// Addresses of GPUs that the last answer said are lost, beside those that it listed.
  private(set) var lost: Set<String> = []
  private var reportedAt = -Double.infinity
  private var hasReport = true

  init(clock: @escaping () -> Double = { Clock.monotonic }, run: @escaping RunNvidiaSMI) {
    self.clock = clock
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
    let start = clock()
    let target = addresses.map { ["-i", $0.joined(separator: ",")] } ?? []
    if hasReport, instant - reportedAt >= Self.reportPeriod || question == NvidiaSMIParser.questions.count {
      let output = try? run(["-q", "-x"] + target)
      report = output.map { NvidiaSMIReport.devices($0.text.span) } ?? []
      // One that hangs in it is not asked for it again.
      if output?.isLate == true { hasReport = false }
      reportedAt = instant
    }
    do {
      answer = try ask(target)
      answer = answer.map { gpu in
        report.first { $0.gpu.uuid != nil && $0.gpu.uuid == gpu.uuid }.map { Self.join(gpu, $0) } ?? gpu
      }
    } catch {
      // An old or a new tool that knows none of the questions, but reports.
      guard !report.isEmpty, reportedAt == instant else { throw error }
      answer = report.map(\.gpu)
    }
    asked = addresses
    answeredAt = instant
    rest = max(Self.period, 20 * (clock() - start))
    return answer
  }

  /// Asks the longest question that the tool understands, and for processes.
  private func ask(_ target: [String]) throws(CollectorError) -> [GPU] {
    let format = ["--format=csv,noheader,nounits"] + target
    let first = question
    var failure = CollectorError("nvidia-smi: no question that it understands")
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
      failure = output.error("nvidia-smi", none: "no GPU in its answer")
      // One unknown field makes it refuse the whole question; a hang has another cause.
      if clock() - start > 2 { break }
      question += 1
    }
    // It refused all of them: the driver's fault rather than the question's.
    if first < NvidiaSMIParser.questions.count { question = first }
    throw failure
  }

  private func addProcesses(to gpus: [GPU], _ format: [String]) -> [GPU] {
    guard let users = try? run(["--query-compute-apps=gpu_uuid,pid,used_memory"] + format) else { return gpus }
    let processes = NvidiaSMIParser.processes(users.text.span)
    // A refusal is no list without processes.
    if processes.isEmpty, users.failure != nil { return gpus }
    return gpus.map { gpu in
      var gpu = gpu
      gpu.processes = gpu.uuid.flatMap { processes[$0] } ?? []
      return gpu
    }
  }

  /// An answer with what only the report tells.
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
