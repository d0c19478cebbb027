import SystemIO
import Testing

@Suite struct LogNoticeTests {
  @Test func aLineHasTheMessageAndItsValues() {
    #expect(LogNotice("archive: works again").description == "archive: works again")
    #expect(
      LogNotice("push: failed", ["receiver": "http://a/b", "reason": "no route to \"a\""]).description
        == #"push: failed: reason="no route to \"a\"" receiver=http://a/b"#)
  }
}
