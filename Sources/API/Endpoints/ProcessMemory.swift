internal import AgentMetrics
internal import SystemIO

extension Route {
  static let processMemory = Route(
    path: "/processes/memory",
    summary: "Memory of some processes that scans do not read: shared, proportional (PSS) and swapped",
    parameters: [pids.definition, parts.definition], contents: [.json(schema)],
    errors: [.notFound, .serviceUnavailable]
  ) { (api, context) async throws(APIError) in
    guard let pids = try context.query.value(pids) else {
      throw APIError(.badRequest, "pids: is required", parameter: "pids")
    }
    let parts = try context.query.value(parts) ?? [.shared, .proportional, .swapped]
    let permit: Semaphore.Permit
    do {
      permit = try api.memoryReads.take()
    } catch {
      throw APIError(.serviceUnavailable, "other reads of processes' memory are still running")
    }
    guard let read = api.settings.processMemory else {
      throw APIError(.notFound, "this system has no such values of processes")
    }
    // On a thread of its own: a process that hangs may hold its memory lock for long.
    let found = await withCheckedContinuation { (continuation: CheckedContinuation<[Int32: ProcessMemory]?, Never>) in
      let isStarted = Thread.start("memory") {
        continuation.resume(returning: read(pids, parts))
        withExtendedLifetime(permit) {}
      }
      if !isStarted { continuation.resume(returning: nil) }
    }
    guard let found else { throw APIError(.serviceUnavailable, "no thread to read with") }
    return .json(encode(found))
  }

  /// Maximum number of processes in one request; the kernel walks all page tables of each for its PSS.
  static let maxMemoryProcesses = 200

  private static let pids = Parameter<[Int32]>(
    "pids", "Ids of the processes", allowed: "1 to \(maxMemoryProcesses) process ids, separated by commas",
    .pattern("^[0-9]{1,9}(,[0-9]{1,9}){0,\(maxMemoryProcesses - 1)}$"), isRequired: true
  ) { text in
    let words = text.split(separator: ",", omittingEmptySubsequences: false)
    guard words.count <= maxMemoryProcesses else { return nil }
    var pids: [Int32] = []
    for word in words {
      guard (1...9).contains(word.utf8.count), word.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
        let pid = Int32(word)
      else { return nil }
      pids.append(pid)
    }
    return pids
  }

  private static let parts = Parameter<ProcessMemory.Parts>(
    "parts", "What to read: shared, pss (the most expensive one), swapped; all by default",
    allowed: "some of shared, pss, swapped, separated by commas",
    .pattern("^(shared|pss|swapped)(,(shared|pss|swapped)){0,2}$")
  ) { text in
    var parts: ProcessMemory.Parts = []
    let names = text.split(separator: ",", omittingEmptySubsequences: false)
    guard names.count <= ProcessMemory.Parts.named.count else { return nil }
    for name in names {
      guard let known = ProcessMemory.Parts.named.first(where: { $0.name == name }) else { return nil }
      parts.insert(known.part)
    }
    return parts
  }

  private static let schema = JSONSchema.object([
    .init(
      name: "processes",
      schema: .list(
        .object([
          .init(name: "pid", schema: .integer(minimum: 1), isRequired: true),
          .init(name: "shared_bytes", schema: .number, help: "Resident memory that other processes may share"),
          .init(name: "pss_bytes", schema: .number, help: "Resident memory; a page that n processes share counts 1/n"),
          .init(name: "swapped_bytes", schema: .number, help: "Memory swapped out"),
        ])), help: "Processes that have ended or must not be read are left out", isRequired: true)
  ])

  private static func encode(_ found: [Int32: ProcessMemory]) -> [UInt8] {
    let writer = JSONWriter()
    writer.beginObject()
    writer.beginArray("processes")
    for (pid, memory) in found.sorted(by: { $0.key < $1.key }) {
      writer.beginObject()
      writer.member("pid", Int(pid))
      writer.member("shared_bytes", memory.shared, .bytes)
      writer.member("pss_bytes", memory.proportional, .bytes)
      writer.member("swapped_bytes", memory.swapped, .bytes)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return writer.bytes
  }
}
