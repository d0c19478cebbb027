extension StringProtocol {
  /// The text without bytes that a terminal obeys: `?` for control characters, and no invisible formatting, such as
  /// bidirectional overrides.
  ///
  /// Processes choose their names, and receivers their errors.
  package var printable: String {
    var result = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      if scalar.value >= 0x20, scalar.value < 0x7F {
        result.append(scalar)
        continue
      }
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: result.append("?")
      // Of noncharacters, terminals draw anything.
      case .unassigned where scalar.properties.isNoncharacterCodePoint: result.append("?")
      case .format: continue
      default: result.append(scalar)
      }
    }
    return String(result)
  }
}
