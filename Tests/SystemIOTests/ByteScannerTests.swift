import SystemIO
import Testing

@Suite struct ByteScannerTests {
  private func scan<Result>(_ text: String, _ body: (Span<UInt8>, inout Int) -> Result) -> (Result, Int) {
    let bytes = Array(text.utf8)
    var position = 0
    let result = body(bytes.span, &position)
    return (result, position)
  }

  @Test func unsignedNumbers() {
    #expect(scan("  42 7") { $0.unsigned(&$1) } == (42, 4))
    #expect(scan("18446744073709551615") { $0.unsigned(&$1) } == (.max, 20))
    #expect(scan("99999999999999999999999") { $0.unsigned(&$1) } == (.max, 23))
    #expect(scan("-1") { $0.unsigned(&$1) } == (nil, 0))
    #expect(scan("") { $0.unsigned(&$1) } == (nil, 0))
    #expect(scan("\n5") { $0.unsigned(&$1) } == (nil, 0), "a number does not lie beyond the line")
  }

  @Test func signedNumbers() {
    #expect(scan("-17x") { $0.signed(&$1) } == (-17, 3))
    #expect(scan("-") { $0.signed(&$1) } == (nil, 0))
    #expect(scan("-99999999999999999999") { $0.signed(&$1) }.0 == -Int64.max)
    #expect(scan("99999999999999999999") { $0.signed(&$1) }.0 == Int64.max)
  }

  @Test func decimals() throws {
    #expect(scan("0.52 ") { $0.decimal(&$1) } == (0.52, 4))
    #expect(scan("12") { $0.decimal(&$1) } == (12, 2))
    #expect(try #require(scan("-3.25") { $0.decimal(&$1) }.0) == -3.25)
    #expect(scan(".5") { $0.decimal(&$1) } == (nil, 0))
  }

  @Test func wordsEndAtTheLine() {
    let bytes = Array("one  two\nthree".utf8)
    var position = 0
    func word() -> Range<Int>? { bytes.span.word(&position) }
    let first = [word(), word(), word()]
    #expect(first == [0..<3, 5..<8, nil])
    bytes.span.skipLine(&position)
    let second = [word(), word()]
    #expect(second == [9..<14, nil])
    bytes.span.skipLine(&position)
    #expect(position == 14)
  }

  @Test func comparingStaysInside() {
    func starts(_ text: StaticString, at position: Int) -> Bool {
      scan("cpu0") { span, _ in span.starts(with: text, at: position) }.0
    }
    #expect(starts("cpu", at: 0))
    #expect(!starts("cpu0 ", at: 0))
    #expect(!starts("0", at: 99))
    #expect(!starts("0", at: -1))
    #expect(scan("cpu0") { span, _ in span.equals(0..<4, "cpu0" as String) }.0)
    #expect(!scan("cpu0") { span, _ in span.equals(0..<9, "cpu0" as String) }.0)
    #expect(scan("cpu0") { span, _ in span.string(2..<400) }.0 == "u0")
    #expect(scan("cpu0") { span, _ in span.byte(at: -1) }.0 == nil)
  }
}
