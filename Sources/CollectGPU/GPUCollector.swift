package import AgentMetrics
package import Collect
internal import SystemIO

/// Reads all GPUs of all vendors, with one thread per vendor.
///
/// A tick starts the readings at its beginning and waits up to 20 ms at its end. A driver that takes longer, or hangs,
/// is represented by its last values with their age. After ten seconds without a result its GPUs are lost, and another
/// thread retries, first after half a minute and then with exponential back-off: the old thread is stuck in the driver
/// and cannot be ended.
package final class GPUCollector: Collector {
  package let name = "gpu"

  private let workers: [GPUWorker]
  /// Maximum wait of a tick in seconds; long for a recording, which cannot hang.
  private let patience: Double
  /// Maximum wait of the next reading in seconds.
  private var nextPatience: Double

  /// Creates a collector for the GPUs of `vendors` in an environment.
  package init(_ environment: GPUEnvironment, vendors: [GPUVendor]) {
    workers = vendors.map { GPUWorker($0, environment) }
    patience = environment.asksDrivers ? GPUWorker.patience : 5
    nextPatience = max(patience, environment.firstPatience)
  }

  /// Starts a reading of each vendor that is not resting.
  package func prepare() {
    let now = Clock.boottime
    for worker in workers { worker.ask(at: now) }
  }

  /// Age of the oldest result among vendors with GPUs.
  package private(set) var age = 0.0

  /// Writes `reading.gpus`, ordered by PCI address.
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
        // A resting source started no reading: its last values hold, with their age.
        // A GPU that was left alone has an age of its own.
        gpu.age += max(0, reading.boottime - answer.instant)
        if answer.isLost, gpu.state == .active { gpu.state = .lost }
        if worker.vendor.isGeneric, let known = gpus.firstIndex(where: { $0.isSame(as: gpu) }) {
          gpus[known].sharedUsed = gpu.sharedUsed
          continue
        }
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

  /// Fills in names, users and services of the processes from the machine's process table.
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

extension GPU {
  /// Whether the system's entry is a GPU that its maker's driver reports, too; without an address, any of that maker.
  fileprivate func isSame(as entry: GPU) -> Bool {
    guard vendor == entry.vendor else { return false }
    guard let pciAddress, let other = entry.pciAddress else { return true }
    return pciAddress == other
  }
}

/// The thread and the last result of one vendor; replaces a thread that hangs.
final class GPUWorker {
  /// Maximum wait of a tick in seconds, shared by all vendors.
  static let patience = 0.02
  /// Limits for a thread that hangs.
  struct Patience {
    /// Seconds without a result after which a thread counts as stuck.
    var hangs = 10.0
    /// Seconds before the first retry; doubles with each further one.
    var firstRetry = 30.0
    /// Maximum of that back-off.
    var longestRetry = 600.0
  }
  /// Maximum number of threads stuck in one vendor's driver.
  static let maximumStuck = 4

  /// The last successful result.
  struct LatestGPUs {
    var gpus: [GPU] = []
    var instant = Double.nan
    var error: String?
    /// Problem reported beside the values.
    var failure: String?
    var isLost = false
  }

  /// A source and the thread that runs it.
  private final class Session {
    let question: BlockingSource<GPUAnswer>
    /// Whether a tick has waited for the reading in progress without a result.
    var wasAwaited = false

    init(_ vendor: GPUVendor, _ environment: GPUEnvironment) {
      // Created and used only on the source's thread; there is at most one.
      let box = Box()
      question = BlockingSource {
        let source = box.source ?? vendor.makeSource(environment)
        box.source = source
        return try source.read(at: Clock.boottime)
      }
    }

    /// Holds state that belongs to the source's thread.
    ///
    /// @unchecked holds because BlockingSource runs one reading at a time, each after the previous one has ended.
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
    if session.question.asking == nil { session.wasAwaited = false }
    session.question.ask()
  }

  func answer(waiting seconds: Double, at now: Double = Clock.boottime) -> LatestGPUs {
    // A reading that was awaited once and is late is not awaited again at each tick. The age alone does not decide:
    // a busy machine may start the thread of a fast reading late.
    let isLate = session.wasAwaited && (session.question.asking ?? 0) > 0.2
    let answer = session.question.answer(waiting: isLate ? 0 : seconds)
    if session.question.asking != nil { session.wasAwaited = true }
    if let said = answer.answer, answer.instant != seen {
      seen = answer.instant
      latest = LatestGPUs(gpus: said.gpus, instant: answer.instant, failure: said.failure)
      restUntil = said.rest > 0 ? answer.instant + said.rest : -.infinity
      retry = limits.firstRetry
      retryAt = .nan
    }
    // A source that keeps failing has lost its GPUs as much as one that hangs: the values are old.
    failingSince = answer.error == nil ? .nan : failingSince.isNaN ? now : failingSince
    latest.error = answer.error ?? latest.failure
    latest.isLost =
      now - failingSince > limits.hangs || (session.question.asking ?? 0) > limits.hangs
      || (seen.isNaN && !latest.instant.isNaN)
    return latest
  }
}
