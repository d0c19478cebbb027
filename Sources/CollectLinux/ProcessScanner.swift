internal import AgentMetrics
internal import CSystemIO
internal import Collect
internal import KernelFiles
internal import SystemIO

/// One pass over /proc: every process, and threads if requested.
///
/// User and container of a process are read when it is first seen, at the next pass, since a new process may be about
/// to execute another program, and then at every 32nd, or once it has used a tenth of a second of CPU time. The rest
/// costs one file, two with I/O, and another for the memory of a process that moved (``MemoryFile``). Between passes in
/// quick succession the first two stay open, since opening and closing takes two thirds of the time.
final class ProcessScanner {
  /// Maximum number of processes, the upper bound of pid_max.
  static let maximumProcesses = 4_194_304

  private static let rest = 32
  /// Ticks of CPU time after which a process may have got another user or group, which would be charged for them.
  private static let ticksPerIdentity: UInt64 = 10
  /// Passes between two readings of the I/O of a process that does none, as far as its `stat` shows.
  private static let ioRest = 4

  private let root: String
  private let users: UserNames
  private var groups = ProcessGroups()
  private let pageSize = UInt64(clamping: sysconf(Int32(_SC_PAGESIZE)))
  private let buffer = ReadBuffer(capacity: 8_192)
  private var directory: OpaquePointer?
  private var path: [CChar] = Array(repeating: 0, count: 64)
  private var pass = 0
  /// Processes of the last pass.
  private(set) var last: [ProcessReading] = []
  /// When each of `last` was first seen and identified.
  private var sightings: [Sighting] = []
  /// Open files of each of `last`.
  private var files: [ProcessFiles] = []
  /// Maximum number of open descriptors.
  private let descriptorLimit: Int
  private let threadReader: ThreadReader
  private var memoryFile = MemoryFile()
  /// Whether scans and process starts use the boot-time clock.
  let isLive: Bool
  /// Start of the last scan on that clock.
  private(set) var instant = Double.nan
  /// Threads of the last scan.
  private(set) var threads: [ProcessReading] = []
  /// Processes hidden from the last scan.
  private(set) var blind = Blindness()

  /// Creates a scanner of /proc under `root`.
  init(root: String) {
    self.root = root
    users = UserNames(root: root)
    threadReader = ThreadReader(root: root)
    isLive = isRunningMachine(root: root)
    // A recording's files are replaced rather than written.
    descriptorLimit = root.isEmpty ? ProcessFiles.limit : 0
  }

  deinit {
    for index in files.indices { files[index].close() }
    if let directory { closedir(directory) }
  }

  /// Scans all processes, by ascending pid.
  ///
  /// - Parameters:
  ///   - keepsFiles: whether the next pass comes soon, so that files should stay open.
  ///   - wantsThreads: whether threads of active processes are read, too.
  ///   - threadsOf: processes whose threads are read even if they are idle.
  /// - Throws: CollectorError if /proc cannot be listed.
  func scan(
    keepsFiles: Bool = false, wantsThreads: Bool = false, threadsOf: Set<Int32> = []
  ) throws(CollectorError) -> [ProcessReading] {
    if directory == nil { directory = opendir(root + "/proc") }
    guard let directory else { throw CollectorError(SystemError("open " + root + "/proc").description) }
    rewinddir(directory)
    users.refresh()
    pass += 1
    let before = instant
    instant = Clock.boottime
    var scan = Scan(
      folder: dirfd(directory), keepsFiles: keepsFiles, wantsThreads: wantsThreads, threadsOf: threadsOf,
      elapsed: Float(instant - before), capacity: last.count + 16)
    while let entry = readdir(directory) {
      guard scan.all.count < Self.maximumProcesses, let pid = Self.pid(of: &entry.pointee) else { continue }
      read(pid, into: &scan)
    }
    finish(&scan)
    return scan.all
  }

  private struct Sighting {
    /// Pass at which it was first seen.
    let first: Int
    /// CPU time at which its user and group were last read, in ticks.
    var identifiedAt: UInt64 = 0
  }

  /// One pass: its options, and the processes so far.
  private struct Scan {
    let folder: Int32
    let keepsFiles: Bool
    let wantsThreads: Bool
    let threadsOf: Set<Int32>
    /// Seconds since the last pass.
    let elapsed: Float
    var all: [ProcessReading] = []
    var seen: [Sighting] = []
    var open: [ProcessFiles] = []
    var openCount = 0
    var threads: [ProcessReading] = []
    var blind = Blindness()
    /// Place in the last pass.
    var cursor = 0
    // The kernel lists them in order; a recording's folder may not.
    var isAscending = true

    init(
      folder: Int32, keepsFiles: Bool, wantsThreads: Bool, threadsOf: Set<Int32>, elapsed: Float, capacity: Int
    ) {
      self.folder = folder
      self.keepsFiles = keepsFiles
      self.wantsThreads = wantsThreads
      self.threadsOf = threadsOf
      self.elapsed = elapsed
      all.reserveCapacity(capacity)
      seen.reserveCapacity(capacity)
      open.reserveCapacity(capacity)
    }
  }

  /// Reads a process, unless it has ended since it was listed, or is hidden from the agent.
  private func read(_ pid: Int32, into scan: inout Scan) {
    let known = known(pid, &scan)
    setPath(pid)
    var process = ProcessReading(pid: pid)
    var files = known.map(take) ?? ProcessFiles()
    let isRefreshed = (pass &+ Int(pid)) % Self.rest == 0
    if isRefreshed { files.isRefused = false }
    // A new process may be gone at the next pass. Other files leave room for each process's `stat`.
    let keeps = scan.keepsFiles && known != nil && scan.openCount < descriptorLimit
    let keepsIO = keeps && scan.openCount + 1 < descriptorLimit - max(0, last.count - scan.all.count)
    let offset = isLive ? Float(Clock.boottime - instant) : 0
    let status = readStat(&process, &files, since: keeps ? known : nil, keeps: keeps, scan.folder)
    if status == .hidden { scan.blind.hidden += 1 }
    guard status == .same || status == .new else { return files.close() }
    process.offset = offset
    if status == .new, memoryFile.isNeeded { readMemory(&process, scan.folder) }
    let earlier = known.map { last[$0] }
    let restsIO = status == .same && files.isIOIdle && keepsIO && files.io >= 0
    if restsIO, (pass &+ Int(pid)) % Self.ioRest != 0 {
      process.ioAge += scan.elapsed
    } else if !files.isRefused {
      readIO(&process, &files, since: earlier, keeps: keepsIO, scan.folder)
    }
    if files.isForbidden { scan.blind.withoutIO += 1 }
    let isSame = earlier?.start == process.start
    if scan.wantsThreads, process.threads > 1 {
      let isActive = isSame && earlier?.cpuTicks != process.cpuTicks
      if isActive || scan.threadsOf.contains(pid) { threadReader.read(of: process, into: &scan.threads) }
    }
    var sighting = Sighting(first: pass)
    if isSame, let known, let earlier {
      sighting = sightings[known]
      process.user = earlier.user
      process.service = earlier.service
      process.workload = earlier.workload
    }
    let hasWorked = !process.isKernelThread && process.cpuTicks >= sighting.identifiedAt &+ Self.ticksPerIdentity
    if sighting.first + 1 >= pass || isRefreshed || hasWorked {
      readIdentity(scan.folder, &process)
      sighting.identifiedAt = process.cpuTicks
    }
    scan.all.append(process)
    scan.seen.append(sighting)
    scan.open.append(files)
    scan.openCount += files.count
  }

  /// Index of a process in the last pass; nil if it is new.
  private func known(_ pid: Int32, _ scan: inout Scan) -> Int? {
    if let before = scan.all.last?.pid, pid < before { scan.isAscending = false }
    while scan.cursor < last.count, last[scan.cursor].pid < pid { scan.cursor += 1 }
    let isAt = scan.cursor < last.count && last[scan.cursor].pid == pid
    if !isAt, !scan.isAscending { scan.cursor = last.place(of: pid) }
    return scan.cursor < last.count && last[scan.cursor].pid == pid ? scan.cursor : nil
  }

  private enum Status {
    /// The text of the last pass.
    case same
    case new
    case hidden
    case ended
  }

  private func readStat(
    _ process: inout ProcessReading, _ files: inout ProcessFiles, since known: Int?, keeps: Bool, _ folder: Int32
  ) -> Status {
    let hashBefore = known == nil ? nil : files.statHash
    var hash: UInt64?
    let isParsed = read(folder, "stat", &files.stat, keeps: keeps) { text in
      hash = Self.hash(text)
      return hash == hashBefore || ProcessStatParser.parse(text, pageSize: pageSize, into: &process)
    }
    files.statHash = hash
    guard let isParsed else { return Self.isForbidden ? .hidden : .ended }
    guard isParsed else { return .ended }
    guard let known, hash == hashBefore else { return .new }
    process = last[known]
    return .same
  }

  /// Whether the last call failed for lack of permission.
  private static var isForbidden: Bool { SystemError.last == EPERM || SystemError.last == EACCES }

  /// Takes the resident memory from `statm` where that is exact.
  private func readMemory(_ process: inout ProcessReading, _ folder: Int32) {
    guard !process.isKernelThread, let pages = read(folder, "statm", { StatmParser.residentPages($0) }) ?? nil else {
      return
    }
    let (resident, overflows) = pages.multipliedReportingOverflow(by: pageSize)
    memoryFile.compare(resident, process.residentBytes)
    process.residentBytes = overflows ? .max : resident
  }

  /// Reads the bytes read and written.
  private func readIO(
    _ process: inout ProcessReading, _ files: inout ProcessFiles, since earlier: ProcessReading?, keeps: Bool,
    _ folder: Int32
  ) {
    let isReported: Void? = read(folder, "io", &files.io, keeps: keeps) { ProcessIOParser.parse($0, into: &process) }
    files.isRefused = isReported == nil
    files.isForbidden = isReported == nil && Self.isForbidden
    process.ioAge = 0
    files.isIOIdle =
      earlier.map { $0.readBytes == process.readBytes && $0.writtenBytes == process.writtenBytes } ?? false
  }

  /// Makes a pass the last one.
  private func finish(_ scan: inout Scan) {
    for index in files.indices { files[index].close() }
    if !scan.isAscending {
      let order = scan.all.indices.sorted { scan.all[$0].pid < scan.all[$1].pid }
      scan.all = order.map { scan.all[$0] }
      scan.seen = order.map { scan.seen[$0] }
      scan.open = order.map { scan.open[$0] }
    }
    // Process 1 exists in every PID namespace; it is missing only if others' processes are hidden.
    scan.blind.isPartial = isLive && !scan.all.isEmpty && scan.all.first?.pid != 1
    blind = scan.blind
    threads = scan.threads
    last = scan.all
    sightings = scan.seen
    files = scan.open
  }

  /// A hash of the bytes of a `stat`, by which one that did not change is recognized.
  private static func hash(_ text: Span<UInt8>) -> UInt64 {
    var hash = UInt64(truncatingIfNeeded: text.count)
    var word: UInt64 = 0
    for index in 0..<text.count {
      word = word << 8 | UInt64(text[index])
      if index & 7 == 7 {
        hash = (hash ^ word) &* 0x9e37_79b9_7f4a_7c15
        hash ^= hash >> 32
        word = 0
      }
    }
    hash = (hash ^ word) &* 0x9e37_79b9_7f4a_7c15
    return hash ^ hash >> 32
  }

  /// The name of a user, else the number.
  func userName(of user: UInt64) -> String { users.name(of: user) }

  /// Number of files open for the next pass.
  var openFiles: Int { files.reduce(0) { $0 + $1.count } }

  /// Transfers the open files of a process of the last pass to the caller.
  private func take(_ index: Int) -> ProcessFiles {
    let taken = files[index]
    files[index] = ProcessFiles()
    return taken
  }

  private func readIdentity(_ descriptor: Int32, _ process: inout ProcessReading) {
    var user: UInt64?
    if root.isEmpty {
      // The owner of the folder is the effective user, dumpable or not (fs/proc/base.c, task_dump_owner).
      var status = stat()
      setName("")
      if fstatat(descriptor, path, &status, 0) == 0 { user = UInt64(status.st_uid) }
    } else {
      user = read(descriptor, "status") { ProcessStatusParser.effectiveUser($0) } ?? nil
    }
    process.user = user.map { users.name(of: $0) } ?? ""
    guard !process.isKernelThread else { return }
    guard let group = findGroup(descriptor, process) else { return }
    process.service = group.service
    process.workload = group.workload
  }

  /// The groups of a process; nil where those of the last pass are still the best known.
  ///
  /// Version 1 reports the root for a task that has ended, such as a main thread whose process goes on
  /// (kernel/cgroup/cgroup.c, proc_cgroup_show).
  private func findGroup(_ descriptor: Int32, _ process: ProcessReading) -> ProcessGroups.Group? {
    guard process.state == UInt8(ascii: "Z") else { return read(descriptor, "cgroup") { groups.find($0) } }
    if process.threads > 1 {
      let texts = threadReader.groups(of: process.pid)
      if let group = texts.lazy.map({ self.groups.find($0.span) }).first(where: { $0.workload != nil }) { return group }
    }
    return process.workload == nil ? read(descriptor, "cgroup") { groups.find($0) } : nil
  }

  // Path of a file of a process, built in place: "1234/stat".
  private var prefix = 0

  private func setPath(_ pid: Int32) {
    var digits = 0
    var rest = pid
    while rest > 0 {
      digits += 1
      rest /= 10
    }
    rest = pid
    for index in stride(from: digits - 1, through: 0, by: -1) {
      path[index] = CChar(48 + rest % 10)
      rest /= 10
    }
    path[digits] = 47
    prefix = digits + 1
  }

  private func setName(_ name: StaticString) {
    name.withUTF8Buffer { bytes in
      for index in bytes.indices { path[prefix + index] = CChar(bitPattern: bytes[index]) }
      path[prefix + bytes.count] = 0
    }
  }

  private func read<Result>(_ directory: Int32, _ name: StaticString, _ body: (Span<UInt8>) -> Result) -> Result? {
    var none: Int32 = -1
    return read(directory, name, &none, keeps: false, body)
  }

  /// Reads with a descriptor that may be open already, and may stay open.
  private func read<Result>(
    _ directory: Int32, _ name: StaticString, _ kept: inout Int32, keeps: Bool, _ body: (Span<UInt8>) -> Result
  ) -> Result? {
    if kept >= 0 {
      // A reused pid has another folder: the old one's files return ESRCH.
      if keeps, let result = buffer.readOnce(descriptor: kept, body) { return result }
      close(kept)
      kept = -1
    }
    setName(name)
    let descriptor = csystemio_openat_read(directory, path)
    if descriptor < 0 { return nil }
    let result = buffer.readOnce(descriptor: descriptor, body)
    if keeps, result != nil, Descriptors.mayBeKept(descriptor) { kept = descriptor } else { close(descriptor) }
    return result
  }

  /// The pid in an entry's name; nil if it is not a number or too large.
  private static func pid(of entry: inout dirent) -> Int32? {
    withUnsafeBytes(of: &entry.d_name) { name in
      var value: Int32 = 0
      for byte in name {
        if byte == 0 { return value > 0 ? value : nil }
        guard byte.isDigit else { return nil }
        let (tens, carried) = value.multipliedReportingOverflow(by: 10)
        let (sum, carriedAgain) = tens.addingReportingOverflow(Int32(byte - 48))
        if carried || carriedAgain { return nil }
        value = sum
      }
      return nil
    }
  }
}

/// Whether the resident memory of `statm` is another one than that of `stat`.
///
/// Since Linux 6.2, each CPU counts pages apart and adds them to a sum by the dozen (include/linux/mm.h, rss_stat).
/// `stat` has that sum (fs/proc/array.c, do_task_stat); since 6.17, `statm` adds the counts of all CPUs
/// (fs/proc/task_mmu.c, task_statm), with 128 CPUs up to 128 MiB of each kind of memory. On other kernels both are the
/// same, and one is enough.
private struct MemoryFile {
  private static let sampleCount = 64
  private var comparisons = 0
  private var differences = 0

  var isNeeded: Bool { comparisons < Self.sampleCount || differences > Self.sampleCount / 8 }

  mutating func compare(_ exact: UInt64, _ sum: UInt64) {
    guard comparisons < Self.sampleCount else { return }
    comparisons += 1
    // A process may grow between two readings; most do not.
    if exact != sum { differences += 1 }
  }
}

/// Processes hidden from a scan.
struct Blindness: Equatable {
  /// Number of listed but unreadable processes (hidepid=1).
  var hidden = 0
  /// Number of processes with unreadable I/O.
  var withoutIO = 0
  /// Whether processes of other users are not even listed (hidepid=2).
  var isPartial = false
}
