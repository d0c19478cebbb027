import Logging
import Testing

@testable import agent

@Suite struct LogTests {
  @Test func aLineHasTheMessageAndItsValues() {
    #expect(SinkLogHandler.text("archive: works again", [:]) == "archive: works again")
    #expect(
      SinkLogHandler.text("push: failed", ["receiver": "http://a/b", "reason": "no route to \"a\""])
        == #"push: failed: reason="no route to \"a\"" receiver=http://a/b"#)
  }
}
