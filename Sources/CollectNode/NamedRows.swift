internal import NodeMetrics
internal import SystemIO

extension Array where Element: NodeReading.NamedRow {
  /// Sets the name of the row at `index`; a row with that name is kept without an allocation.
  mutating func setRow(_ index: Int, _ bytes: Span<UInt8>, _ name: Range<Int>) {
    if index == count {
      append(Element(name: bytes.string(name)))
    } else if !bytes.equals(name, self[index].name) {
      self[index] = Element(name: bytes.string(name))
    }
  }

  /// Drops the rows from `count` on.
  mutating func cut(to count: Int) {
    if count < self.count { removeLast(self.count - count) }
  }
}
