internal import Synchronization
internal import SystemIO

/// What is known of one process besides its line in the table.
public struct ProcessDetails: Sendable, Equatable {
  /// Command line.
  public var command: String?
  /// Working directory; nil where it may not be seen.
  public var directory: String?
  /// Program file; nil where it may not be seen.
  public var executable: String?
  /// Open files; nil where they may not be seen.
  public var openFiles: Int?
  /// Most files that it may open, soft and hard; nil where unknown or unlimited.
  public var openFilesLimit: (soft: String, hard: String)?
  /// Other limits that are set, as the kernel names them: name, soft, hard.
  public var limits: [(name: String, soft: String, hard: String)] = []
  /// Voluntary and involuntary context switches since its start; nil where unknown.
  public var switches: (voluntary: String, involuntary: String)?
  /// Nice value; nil where unknown.
  public var nice: Int?
  /// Bytes swapped out; nil where unknown.
  public var swapped: Double?

  /// Nothing known.
  public init() {}

  /// Whether all that is shown of both is the same.
  public static func == (left: ProcessDetails, right: ProcessDetails) -> Bool {
    left.command == right.command && left.directory == right.directory && left.executable == right.executable
      && left.openFiles == right.openFiles && left.nice == right.nice && left.swapped == right.swapped
      && left.limits.count == right.limits.count
  }
}

/// What may be done with the processes of the machine that is shown; there is none where it is another's or a past one.
public struct ProcessControl: Sendable {
  /// Looks one up; nil where it has ended.
  public var details: @Sendable (Int32) -> ProcessDetails?
  /// Sends a signal; nil where that worked, else why not, in one line.
  public var signal: @Sendable (Int32, Int32) -> String?
  /// The threads of processes, with what they did since it was asked before; nil where they are not known.
  public var threads: (@Sendable ([Int32]) -> [ProcessThread])?

  /// Control by two functions.
  public init(
    details: @escaping @Sendable (Int32) -> ProcessDetails?, signal: @escaping @Sendable (Int32, Int32) -> String?,
    threads: (@Sendable ([Int32]) -> [ProcessThread])? = nil
  ) {
    self.threads = threads
    self.details = details
    self.signal = signal
  }

  /// The processes of this machine, as proc(5) tells them and kill(2) reaches them.
  public static var local: ProcessControl {
    let scanner = Mutex(ThreadScanner())
    return ProcessControl(
      details: { LocalProcess.details(of: $0) },
      signal: { pid, signal in
        // 0 and below are groups.
        guard pid > 0 else { return "no process" }
        if kill(pid, signal) == 0 { return nil }
        return String(cString: strerror(errno))
      },
      threads: { processes in scanner.withLock { $0.scan(processes) } })
  }
}

/// proc(5) of one process.
enum LocalProcess {
  /// Reads what may be seen; nil where there is no such process.
  static func details(of pid: Int32, root: String = "") -> ProcessDetails? {
    let folder = root + "/proc/" + String(pid)
    guard Files.exists(folder) else { return nil }
    var details = ProcessDetails()
    if let bytes = try? Files.contents(of: folder + "/cmdline"), !bytes.isEmpty {
      details.command = String(
        decoding: bytes.map { $0 == 0 ? UInt8(ascii: " ") : $0 }.reversed().drop { $0 == UInt8(ascii: " ") }.reversed(),
        as: UTF8.self)
    }
    details.directory = Files.link(folder + "/cwd")
    details.executable = Files.link(folder + "/exe")
    let descriptors = Files.names(in: folder + "/fd").count
    if descriptors > 0 || details.directory != nil { details.openFiles = descriptors }
    for line in lines(folder + "/limits").dropFirst() {
      // Columns of fixed width: name, soft, hard, unit.
      let bytes = Array(line.utf8)
      guard bytes.count > 47 else { continue }
      func column(_ range: Range<Int>) -> String {
        String(decoding: bytes[range.clamped(to: 0..<bytes.count)], as: UTF8.self).trimmed
      }
      let (name, soft, hard) = (column(0..<26), column(26..<47), column(47..<68))
      if name == "Max open files" {
        details.openFilesLimit = (soft, hard)
      } else if soft != "unlimited" {
        details.limits.append((String(name.dropFirst(4)), soft, hard))
      }
    }
    var switches = ("", "")
    for line in lines(folder + "/status") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let value = String(line[line.index(after: colon)...]).trimmed
      switch line[..<colon] {
      case "voluntary_ctxt_switches": switches.0 = value
      case "nonvoluntary_ctxt_switches": switches.1 = value
      case "VmSwap": details.swapped = Double(value.prefix { $0.isNumber }).map { $0 * 1024 }
      default: break
      }
    }
    if !switches.0.isEmpty { details.switches = (switches.0, switches.1) }
    if let bytes = try? Files.contents(of: folder + "/stat"),
      let end = bytes.lastIndex(of: UInt8(ascii: ")"))
    {
      // Field 19; the name before the last parenthesis may hold anything.
      let fields = bytes[(end + 1)...].split(separator: UInt8(ascii: " "))
      if fields.count > 16 { details.nice = Int(String(decoding: fields[16], as: UTF8.self)) }
    }
    return details
  }

  private static func lines(_ path: String) -> [Substring] {
    guard let bytes = try? Files.contents(of: path) else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
  }
}

extension String {
  /// Without blanks at its ends.
  var trimmed: String {
    String(drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" || $0 == "\n" }.reversed())
  }
}
