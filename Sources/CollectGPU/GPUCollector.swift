package import AgentMetrics
package import Collect
internal import SystemIO

/// All GPUs of all vendors, each vendor asked on a thread of its own.
///
/// A tick asks at its beginning and waits at most 20 ms at its end: a driver that takes longer, or hangs, is shown by its
/// last answer with that answer's age. After ten seconds without an answer its GPUs are lost, and it is asked anew by
/// another thread, at first after half a minute and then ever more rarely: the old thread is stuck in the driver and
/// cannot be ended.
package final class GPUCollector: Collector {
  /// "gpu".
  package let name = "gpu"

  private let workers: [GPUWorker]
  /// Seconds that a tick waits; a recording, which cannot hang, is waited for.
  private let patience: Double
  /// Seconds that the next reading waits.
  private var nextPatience: Double

  /// The GPUs of `vendors` in an environment.
  package init(_ environment: GPUEnvironment, vendors: [GPUVendor] = GPUVendor.all) {
    workers = vendors.map { GPUWorker($0, environment) }
    patience = environment.asksDrivers ? GPUWorker.patience : 5
    nextPatience = max(patience, environment.firstPatience)
  }

  /// Asks those vendors whose time has come.
  package func prepare() {
    let now = Clock.boottime
    for worker in workers { worker.ask(at: now) }
  }

  /// The age of the oldest answer of a vendor that has GPUs.
  package private(set) var age = 0.0

  /// Writes `reading.gpus`, in the order of their PCI addresses.
  package func read(into reading: inout Reading) throws(CollectorError) {
    let deadline = Clock.monotonic + nextPatience
    nextPatience = patience
    var gpus: [GPU] = []
    var failures: [String] = []
    age = 0
    for worker in workers {
      let answer = worker.answer(waiting: max(0, deadline - Clock.monotonic))
      if let error = answer.error { failures.append("\(worker.vendor.name): \(error)") }
      for var gpu in answer.gpus {
        // Nobody was asked meanwhile when the source rests: then what it said holds, and its age says since when.
        // A GPU that was left alone brings an age of its own.
        gpu.age += max(0, reading.boottime - answer.instant)
        if answer.isLost, gpu.state == .active { gpu.state = .lost }
        age = max(age, gpu.age)
        gpus.append(gpu)
      }
    }
    gpus.sort { ($0.pciAddress ?? "~", $0.uuid ?? "") < ($1.pciAddress ?? "~", $1.uuid ?? "") }
    for index in gpus.indices {
      gpus[index].index = index
      Self.name(&gpus[index].processes, by: reading.processes)
    }
    reading.gpus = gpus
    if !failures.isEmpty { throw CollectorError(failures.joined(separator: "; ")) }
  }

  /// Writes names, users and services to the processes that the machine's table knows.
  private static func name(_ processes: inout [GPUProcess]?, by table: ProcessesReading?) {
    guard let table, var named = processes else { return }
    for index in named.indices {
      guard let process = table.process(pid: named[index].pid) else { continue }
      named[index].name = process.name
      named[index].user = process.user
      named[index].service = process.service
    }
    processes = named
  }
}

/// One vendor's thread, its last answer, and what is done when it hangs.
final class GPUWorker {
  /// Seconds that a tick waits for all vendors together.
  static let patience = 0.02
  /// When a thread counts as stuck, and what is done then.
  struct Patience {
    /// Seconds without an answer after which a thread counts as stuck.
    var hangs = 10.0
    /// Seconds after which a stuck source is asked anew at first; then twice that, and so on.
    var firstRetry = 30.0
    /// The longest of those times.
    var longestRetry = 600.0
  }
  /// Threads that may be stuck in one vendor's driver at once.
  static let maximumStuck = 4

  /// The last good answer.
  struct LatestGPUs {
    var gpus: [GPU] = []
    var instant = Double.nan
    var error: String?
    /// The answer's own failure.
    var failure: String?
    var isLost = false
  }

  /// A source on its thread.
  private final class Session {
    let question: BlockingSource<GPUAnswer>
    var askedAt = Double.nan

    init(_ vendor: GPUVendor, _ environment: GPUEnvironment) {
      // Made and used on the question's thread only, of which there is never more than one.
      let box = Box()
      question = BlockingSource {
        let source = box.source ?? vendor.makeSource(environment)
        box.source = source
        return try source.read(at: Clock.boottime)
      }
    }

    /// Holds what belongs to the question's thread.
    ///
    /// @unchecked holds because BlockingSource runs one question at a time, each after the one before has ended.
    private final class Box: @unchecked Sendable {
      var source: (any GPUSource)?
    }
  }

  let vendor: GPUVendor
  private let environment: GPUEnvironment
  private let limits: Patience
  private var session: Session
  private var latest = LatestGPUs()
  private var restUntil = -Double.infinity
  private var stuck = 0
  private var retry: Double
  private var retryAt = Double.nan
  private var seen = Double.nan
  private var failingSince = Double.nan

  init(_ vendor: GPUVendor, _ environment: GPUEnvironment, limits: Patience = Patience()) {
    self.vendor = vendor
    self.environment = environment
    self.limits = limits
    retry = limits.firstRetry
    session = Session(vendor, environment)
  }

  func ask(at now: Double) {
    if let waited = session.question.asking, waited > limits.hangs {
      if retryAt.isNaN { retryAt = now + retry }
      guard now >= retryAt, stuck + 1 < Self.maximumStuck else { return }
      stuck += 1
      retry = min(limits.longestRetry, retry * 2)
      retryAt = .nan
      session = Session(vendor, environment)
      seen = .nan
    }
    guard now >= restUntil else { return }
    session.question.ask()
  }

  func answer(waiting seconds: Double, at now: Double = Clock.boottime) -> LatestGPUs {
    // One that has been awaited once in vain is not waited for again at each tick.
    let isLate = (session.question.asking ?? 0) > 0.2
    let answer = session.question.answer(waiting: isLate ? 0 : seconds)
    if let said = answer.answer, answer.instant != seen {
      seen = answer.instant
      latest = LatestGPUs(gpus: said.gpus, instant: answer.instant, failure: said.failure)
      restUntil = said.rest > 0 ? answer.instant + said.rest : -.infinity
      retry = limits.firstRetry
      retryAt = .nan
    }
    // A source that fails again and again has lost its GPUs as much as one that hangs: the figures are old.
    failingSince = answer.error == nil ? .nan : failingSince.isNaN ? now : failingSince
    latest.error = answer.error ?? latest.failure
    latest.isLost =
      now - failingSince > limits.hangs || (session.question.asking ?? 0) > limits.hangs
      || (seen.isNaN && !latest.instant.isNaN)
    return latest
  }
}
