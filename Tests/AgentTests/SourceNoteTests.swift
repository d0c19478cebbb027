import SystemIO
import TestSupport
import Testing

/// The real binary on a machine that hides its sensors: the note of that source in every output.
@Suite(.ownThreads) struct SourceNoteTests {
  private static let note = "no /sys/class: sensors are hidden"

  private func machine() throws -> Fixture {
    let machine = try Fixture("vm-1-core").copy()
    machine.remove("sys/class")
    return machine
  }

  @Test func once() throws {
    let root = try machine().root
    let json = try AgentProcess.run(["--once", "--json", "--root", root])
    #expect(json.status == 0 && json.errors == "")
    let bytes = Array(json.output.utf8)
    let agent = JSONValue(bytes.span)?["agent"]
    let sources = agent?["sources"]?.elements ?? []
    let noted = sources.filter { $0["note"] != nil }
    #expect(noted.contains { $0["source"]?.text == "sensors" && $0["note"]?.text == Self.note })
    #expect(noted.allSatisfy { $0["success"]?.bool == true && $0["error"] == nil && $0["partial"]?.bool == true })
    #expect(sources.contains { $0["note"] == nil && $0["partial"] == nil })
    let text = try AgentProcess.run(["--once", "--root", root])
    #expect(text.output.contains(Self.note))
  }

  @Test func scrape() throws {
    let (process, port) = try AgentProcess.serving(["--root", try machine().root])
    let body = try Loopback.get("/metrics", port: port).body
    #expect(body.contains("\nagent_self_source_partial{source=\"sensors\"} 1\n"))
    #expect(body.contains("\nagent_self_source_success{source=\"sensors\"} 1\n"))
    // A note may hold counts, so that a label of it would be a new series with each change.
    #expect(!body.contains("sensors are hidden"))
    process.signal(SIGTERM)
    #expect(process.wait() == 0)
  }
}
