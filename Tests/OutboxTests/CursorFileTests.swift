import Synchronization
import SystemIO
import TestSupport
import Testing

@testable import Outbox

@Suite struct CursorFileTests {
  @Test("Cursors survive, each receiver its own; unreadable lines are skipped")
  func cursors() throws {
    let folder = try TemporaryFolder()
    let said = Mutex<[String]>([])
    let path = folder.file("cursors")
    let cursors = CursorFile(path: path) { notice in said.withLock { $0.append(notice.description) } }
    #expect(cursors["http://a/x"] == nil)
    cursors.set("http://a/x", 1_770_000_000_123)
    cursors.set("http://b/x y", 5, isUrgent: true)
    let again = CursorFile(path: path) { notice in said.withLock { $0.append(notice.description) } }
    #expect(again["http://a/x"] == 1_770_000_000_123)
    #expect(again["http://b/x y"] == 5)
    #expect(Files.names(in: folder.path) == ["cursors"])
    try folder.write("cursors", "\u{1}rubbish\n12\n x\n7 http://c\n")
    let odd = CursorFile(path: path) { notice in said.withLock { $0.append(notice.description) } }
    #expect(odd["http://c"] == 7)
    #expect(odd["http://a/x"] == nil)
    #expect(said.withLock { $0 } == [])
    let nowhere = CursorFile(path: folder.path + "/none/cursors") { notice in
      said.withLock { $0.append(notice.description) }
    }
    nowhere.set("http://a", 1, isUrgent: true)
    nowhere.set("http://a", 2, isUrgent: true)
    #expect(said.withLock { $0.count } == 1)
  }
}
