import SystemIO
import Testing

/// Checks the architecture: every target imports only targets below it.
@Suite struct StructureTests {
  /// Modules that each target may import.
  static let allowed: [String: Set<String>] = [
    "Metrics": [],
    "PrometheusExport": ["AgentMetrics", "NodeMetrics", "Synchronization", "SystemIO"],
    "NodeMetrics": [],
    "Platforms": ["AgentMetrics", "Collect", "CollectGPU", "NodeMetrics", "SystemIO"],
    "PlatformLinux": [
      "AgentMetrics", "CTaskPool", "Collect", "CollectGPU", "CollectGPULinux", "CollectLinux", "CollectNode",
      "NodeMetrics", "Platforms",
    ],
    "PlatformUnsupported": ["AgentMetrics", "Collect", "CollectGPU", "NodeMetrics", "Platforms"],
    "PlatformWindows": [
      "AgentMetrics", "Collect", "CollectGPU", "CollectWindows", "NodeMetrics", "Platforms", "WindowsService",
    ],
    "PlatformDarwin": ["AgentMetrics", "Collect", "CollectDarwin", "CollectGPU", "NodeMetrics", "Platforms"],
    "WindowsService": ["CWindows", "Platforms"],
    "KernelFiles": ["SystemIO"],
    "CollectNode": ["CSystemIO", "Collect", "CollectLinux", "KernelFiles", "NodeMetrics", "SystemIO"],
    "SystemIO": ["CLibc", "CSystemIO", "Synchronization"],
    "Query": ["AgentMetrics"],
    "Alerts": ["AgentMetrics", "Query", "Synchronization"],
    "Why": ["AgentMetrics"],
    "Events": ["AgentMetrics", "Synchronization"],
    "SampleStore": ["AgentMetrics", "Query", "Synchronization"],
    "Archive": ["AgentMetrics", "Query", "SampleStore", "CSQLite", "Synchronization", "SystemIO"],
    "Collect": ["AgentMetrics", "SampleStore", "SystemIO", "Synchronization"],
    "CollectLinux": [
      "AgentMetrics", "Collect", "CSystemIO", "CTaskstats", "KernelFiles", "SystemIO", "Synchronization",
    ],
    "CollectWindows": ["AgentMetrics", "Collect", "CollectGPU", "CWindows", "SystemIO"],
    "CollectDarwin": ["AgentMetrics", "CDarwin", "Collect", "SystemIO"],
    "CollectGPU": ["AgentMetrics", "Collect", "CNVML", "SystemIO", "Synchronization"],
    "CollectGPULinux": ["AgentMetrics", "Collect", "CollectGPU", "KernelFiles", "SystemIO", "Synchronization"],
    "CollectDemo": ["AgentMetrics", "Collect"],
    "API": [
      "AgentMetrics", "Alerts", "CDeflate", "Collect", "Events", "NodeMetrics", "PrometheusExport", "Query",
      "SampleStore",
      "CWeb", "CZlib", "Synchronization", "SystemIO", "Why",
    ],
    "HTTPServer": [
      "API", "AgentMetrics", "Dispatch", "HummingbirdCore", "HTTPTypes", "Logging", "NIOCore", "NIOHTTP1",
      "NIOHTTP2", "NIOHTTPTypes", "NIOHTTPTypesHTTP2", "NIOPosix", "NIOSSL", "ServerCore", "Synchronization",
      "SystemIO",
    ],
    "SocketServer": ["API", "AgentMetrics", "CSockets", "Logging", "ServerCore", "Synchronization", "SystemIO"],
    "ServerCore": ["API", "AgentMetrics", "Logging", "Synchronization", "SystemIO"],
    "ClientHTTP": [],
    "ClientNIO": [
      "ClientHTTP", "NIOCore", "NIOHTTP1", "NIOHTTPCompression", "NIOPosix", "NIOSSL", "SystemIO", "Synchronization",
    ],
    "ClientWindows": ["CWindows", "ClientHTTP", "SystemIO"],
    "Remote": ["AgentMetrics", "ClientHTTP", "Collect", "Query", "SampleStore", "Synchronization", "SystemIO"],
    "Outbox": ["AgentMetrics", "Logging", "Query", "SampleStore", "Synchronization", "SystemIO"],
    "Sinks": [
      "AgentMetrics", "Alerts", "ClientHTTP", "CSnappy", "Logging", "Outbox", "PrometheusExport", "Synchronization",
      "SystemIO",
    ],
    "Dashboard": [
      "AgentMetrics", "Collect", "Events", "Query", "SampleStore", "SystemIO", "Synchronization", "Why",
    ],
    "NcursesTerminal": ["CNcurses", "Dashboard", "SystemIO"],
    "VTTerminal": ["CTerminal", "Dashboard", "SystemIO"],
    "agent": [
      "API", "AgentMetrics", "Alerts", "Archive", "ArgumentParser", "ClientHTTP", "ClientNIO", "ClientWindows",
      "Collect", "CollectDemo", "Dashboard", "Events", "HTTPServer", "Logging", "NcursesTerminal", "NodeMetrics",
      "Outbox", "PlatformDarwin", "PlatformLinux", "PlatformUnsupported", "PlatformWindows", "Platforms",
      "PrometheusExport", "Query", "Remote", "SampleStore", "ServerCore", "Sinks", "SocketServer", "Synchronization",
      "SystemIO", "VTTerminal",
      "Why",
    ],
  ]

  static let sources = TestPaths.repository + "/Sources"

  static func swiftFiles(in directory: String) -> [String] {
    Files.names(in: directory).sorted().flatMap { name -> [String] in
      let path = directory + "/" + name
      if name.hasSuffix(".swift") { return [path] }
      return name.contains(".") ? [] : swiftFiles(in: path)
    }
  }

  static func imports(of path: String) throws -> [String] {
    try text(of: path).split(separator: "\n").compactMap { line in
      var words = line.split(separator: " ").map(String.init)
      while let first = words.first,
        ["public", "internal", "package", "private", "fileprivate"].contains(first)
          || first.hasPrefix("@")
      {
        words.removeFirst()
      }
      guard words.count >= 2, words[0] == "import" else { return nil }
      return words[1]
    }
  }

  static func text(of path: String) throws -> String {
    String(decoding: try Files.contents(of: path), as: UTF8.self)
  }

  @Test func everySwiftTargetIsListed() {
    let targets = Files.names(in: Self.sources).filter { !Self.swiftFiles(in: Self.sources + "/" + $0).isEmpty }
    #expect(Set(targets) == Set(Self.allowed.keys))
  }

  @Test(arguments: allowed.keys.sorted()) func importsOnlyTargetsBelow(target: String) throws {
    let files = Self.swiftFiles(in: Self.sources + "/" + target)
    #expect(!files.isEmpty)
    for file in files {
      for module in try Self.imports(of: file) {
        #expect(Self.allowed[target, default: []].contains(module), "\(file) imports \(module)")
      }
    }
  }

  /// Kernel files that documentation comments name as "Parser of /proc/…", by the types below them.
  static func parsers() throws -> [String: [String]] {
    var parsers: [String: [String]] = [:]
    for file in swiftFiles(in: sources) {
      var comment = ""
      for line in try text(of: file).split(separator: "\n", omittingEmptySubsequences: false) {
        if line.hasPrefix("///") {
          comment += line.dropFirst(3)
          continue
        }
        defer { comment = "" }
        let isParser = comment.hasPrefix(" Parser of ")
        let words = line.split(separator: " ")
        guard let keyword = words.firstIndex(where: { $0 == "enum" || $0 == "struct" }), keyword + 1 < words.count
        else {
          continue
        }
        let name = String(words[keyword + 1])
        if name.hasSuffix("Parser"), file.contains("/Collect") || file.contains("/KernelFiles/") {
          #expect(isParser, "\(file): \(name) is not described as \"Parser of ...\"")
        }
        guard isParser else { continue }
        // The syntax follows a colon.
        let files = comment.split(separator: ": ", maxSplits: 1)[0].split { " ,:".contains($0) }
        for path in files where path.hasPrefix("/proc/") || path.hasPrefix("/sys/") {
          parsers[path.hasSuffix(".") ? String(path.dropLast()) : String(path), default: []].append(name)
        }
      }
    }
    return parsers
  }

  @Test func noKernelFileIsParsedTwice() throws {
    let parsers = try Self.parsers()
    for (file, types) in parsers { #expect(types.count == 1, "\(file) is parsed by \(types.sorted())") }
    #expect(parsers.count > 30, "\(parsers.keys.sorted())")
    // Collectors and node_exporter's readers share these.
    for (file, parser) in [
      ("/proc/meminfo", "MeminfoParser"), ("/proc/vmstat", "VmstatParser"), ("/proc/diskstats", "DiskstatsParser"),
      ("/proc/net/dev", "NetDevParser"), ("/proc/[pid]/status", "ProcessStatusParser"),
      ("/proc/[pid]/stat", "ProcessStatParser"), ("/proc/sys/fs/file-nr", "FileNumbersParser"),
    ] { #expect(parsers[file] == [parser]) }
  }

  /// A kernel file's path stands where its only reader opens it, or where several readers share its parser.
  @Test func noOutputKnowsAKernelFile() throws {
    for target in ["PrometheusExport", "API", "Outbox", "Sinks", "HTTPServer", "Dashboard"] {
      for file in Self.swiftFiles(in: Self.sources + "/" + target) {
        for literal in try Self.text(of: file).split(separator: "\"", omittingEmptySubsequences: false)
        where literal.hasPrefix("/proc/") || literal.hasPrefix("/sys/") {
          Issue.record("\(file): \(literal)")
        }
      }
    }
  }

  @Test func onlyOneFileImportsNcurses() throws {
    let files = try Self.swiftFiles(in: Self.sources).filter { try Self.imports(of: $0).contains("CNcurses") }
    #expect(files.map { $0.split(separator: "/").last ?? "" } == ["NcursesTerminal.swift"])
  }

  /// Each access to the state of `Mutex<() -> T>` or `Condition<() -> T>` leaves one more wrapper around the function.
  @Test func noLockHoldsABareFunction() throws {
    for path in Self.swiftFiles(in: Self.sources) {
      for line in try Self.text(of: path).split(separator: "\n") {
        for type in ["Mutex<", "Condition<"] {
          for use in line.split(separator: type, omittingEmptySubsequences: false).dropFirst() {
            #expect(!Self.beginsWithFunctionType(use), "\(path): \(line)")
          }
        }
      }
    }
    #expect(Self.beginsWithFunctionType("@Sendable (Int, (String) -> Void) throws -> Void>(f)"))
    #expect(!Self.beginsWithFunctionType("(any Error)?>(nil)"))
  }

  static func beginsWithFunctionType(_ text: Substring) -> Bool {
    var rest = text.drop { $0 != "(" && $0 != ">" }
    guard rest.first == "(", text[..<rest.startIndex].split(separator: " ").allSatisfy({ $0.hasPrefix("@") }) else {
      return false
    }
    var depth = 0
    while let character = rest.popFirst() {
      if character == "(" { depth += 1 }
      if character == ")" { depth -= 1 }
      if depth == 0 { break }
    }
    return [" ->", " async", " throws"].contains { rest.hasPrefix($0) }
  }

  /// `Task.sleep` runs on libdispatch's threads.
  @Test func tasksPauseByTheTimerAlone() throws {
    let files = Self.swiftFiles(in: Self.sources).filter { !$0.hasSuffix("/SystemIO/TaskPause.swift") }
    let sleeping = try files.filter { try Self.text(of: $0).contains("Task.sleep") }
    #expect(sleeping == [])
  }

  @Test func oneFileHasConditionsOnTheSystem() throws {
    let files = try Self.swiftFiles(in: Self.sources).filter { path in
      try Self.text(of: path).split(separator: "\n").contains { $0.drop(while: { $0 == " " }).hasPrefix("#if") }
    }
    #expect(files.map { $0.dropFirst(Self.sources.count) } == ["/agent/Platform.swift"])
    #expect(try !Self.text(of: TestPaths.repository + "/Package.swift").contains("#if"))
  }
}
