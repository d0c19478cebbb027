package import History

extension API {
  /// Columns as CSV, as `/metrics/history?format=csv` gives them.
  ///
  /// - Parameter header: whether the line with the series' names comes first; a later part of one file has none.
  package static func csv(of columns: Columns, header: Bool) -> [UInt8] {
    let text = ColumnsCSV.encode(columns, [.mean])
    guard !header, let end = text.firstIndex(of: UInt8(ascii: "\n")) else { return text }
    return Array(text[(end + 1)...])
  }
}
