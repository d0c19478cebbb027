internal import AgentMetrics
internal import Query

/// Checks that the labels of a rule can occur: a rule that matches no series would never fire.
enum RuleLabels {
  private typealias RuleError = AlertRule.RuleError

  /// - Parameter selector: of a metric that the catalog has, perhaps with stars.
  static func check(_ selector: SeriesSelector) throws(AlertRule.RuleError) {
    let text = selector.text
    guard let brace = text.firstIndex(of: "{") else { return }
    let (shape, names) = try shape(of: text, from: brace)
    let columns = Catalog.shared.metrics.filter { $0.isSelectable(by: selector) }
    let selector = SeriesSelector(shape)
    if columns.contains(where: { selector.matches(key: $0.key($0.labels.map { _ in value })) }) { return }
    let id = String(text[..<brace])
    let metrics = columns.filter { SeriesSelector(id).matches(key: $0.id) }
    let labels = metrics.first?.labels ?? []
    let given = names.isEmpty ? String(text[brace...]) : names.joined(separator: ", ")
    guard metrics.count == 1 else {
      throw RuleError(description: "must use labels of a metric that \(id) matches, not \"\(given)\"")
    }
    throw RuleError(
      description: labels.isEmpty
        ? "must have no labels, since \(id) has none, not \"\(given)\""
        : "must use the labels of \(id), \(labels.joined(separator: ", ")), all of them in this order or * for the"
          + " others, not \"\(given)\"")
  }

  /// The text in place of each value.
  private static let value = "x"

  /// A selector with the same text in place of every value, and the names of its labels.
  private static func shape(
    of text: String, from brace: String.Index
  ) throws(AlertRule.RuleError) -> (String, [String]) {
    var shape = String(text[..<brace])
    var names: [String] = []
    var name = ""
    var operation = ""
    var rest = text[brace...]
    while let character = rest.first {
      rest = rest.dropFirst()
      if character == "\"" {
        guard let end = endOfValue(in: rest) else {
          throw RuleError(description: "must end the value of label \(name) with a quote, as in {\(name)=\"/\"}")
        }
        guard operation == "=" || operation.isEmpty && name.isEmpty else {
          throw RuleError(
            description: "must compare label \(name) by =, not \"\(operation)\"; * in a value stands for any text")
        }
        if !name.isEmpty { names.append(name) }
        shape += "\"\(value)\""
        (name, operation) = ("", "")
        rest = rest[end...].dropFirst()
        continue
      }
      shape.append(character)
      if character.isLetter || character.isNumber || character == "_" {
        if !operation.isEmpty { (name, operation) = ("", "") }
        name.append(character)
      } else if "=!~<>".contains(character) {
        operation.append(character)
      } else {
        (name, operation) = ("", "")
      }
    }
    guard shape.last == "}" || shape.last == "*" else {
      throw RuleError(description: "must end its labels with }, not \"\(text[brace...])\"")
    }
    return (shape, names)
  }

  /// The place of the quote that ends a value; a backslash escapes one.
  private static func endOfValue(in text: Substring) -> String.Index? {
    var isEscaped = false
    for index in text.indices {
      if text[index] == "\"", !isEscaped { return index }
      isEscaped = text[index] == "\\" && !isEscaped
    }
    return nil
  }
}
