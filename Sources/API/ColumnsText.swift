package import Query

extension API {
  /// Columns as CSV, the format of `/metrics/history?format=csv`.
  ///
  /// - Parameter header: whether to begin with the line of the series' names; later parts of one file have none.
  package static func csv(of columns: Columns, header: Bool) -> [UInt8] {
    let text = ColumnsCSV.encode(columns, [.mean])
    guard !header, let end = text.firstIndex(of: UInt8(ascii: "\n")) else { return text }
    return Array(text[(end + 1)...])
  }
}
