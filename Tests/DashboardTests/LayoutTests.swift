import Testing

@testable import Dashboard

@Suite struct LayoutTests {
  private let heights = [
    Height(minimum: 3, comfortable: 5, maximum: 8), Height(minimum: 2, comfortable: 2, maximum: 2),
    Height(minimum: 4, comfortable: 10, maximum: Height.open),
  ]

  @Test func firstComeMinimumsThenComfortThenAllThereIs() {
    #expect(Layout.divide(2, among: heights) == [0, 2, 0])
    #expect(Layout.divide(9, among: heights) == [3, 2, 4])
    #expect(Layout.divide(17, among: heights) == [5, 2, 10])
    #expect(Layout.divide(60, among: heights) == [8, 2, 50])
    #expect(Layout.divide(-3, among: heights) == [0, 0, 0])
    #expect(Layout.divide(5, among: []).isEmpty)
  }

  @Test func neverMoreThanThereIsAndNeverLessThanAMinimum() {
    for rows in 0...80 {
      let given = Layout.divide(rows, among: heights)
      #expect(given.reduce(0, +) <= rows)
      for (given, height) in zip(given, heights) where given > 0 {
        #expect(given >= height.minimum && given <= height.maximum)
      }
    }
  }

  @Test func rowsThatWouldStayEmptyGoToOthers() {
    let heights = [
      Height(minimum: 2, comfortable: 6, maximum: Height.open, useless: [3..<5]),
      Height(minimum: 2, comfortable: 3, maximum: Height.open),
    ]
    #expect(Layout.divide(4, among: heights) == [2, 2])
    #expect(Layout.divide(5, among: heights) == [2, 3])
    #expect(Layout.divide(7, among: heights) == [5, 2])
    #expect(Layout.divide(8, among: heights) == [5, 3])
  }

  @Test func cuttingRects() {
    var rect = Rect(x: 2, y: 3, width: 10, height: 5)
    #expect(rect.takeTop(2) == Rect(x: 2, y: 3, width: 10, height: 2))
    #expect(rect.takeBottom(1) == Rect(x: 2, y: 7, width: 10, height: 1))
    #expect(rect.takeLeft(4) == Rect(x: 2, y: 5, width: 4, height: 2))
    #expect(rect == Rect(x: 6, y: 5, width: 6, height: 2))
    #expect(rect.takeTop(9).height == 2 && rect.isEmpty)
    #expect(rect.takeLeft(-4).width == 0)
  }
}
