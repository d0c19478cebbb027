/// One column of one row.
package struct Cell: Equatable {
  /// Scalar value of the character; ``tail`` in the right half of a wide character.
  package var scalar: UInt32
  /// Up to two combining marks, 0 for none; more are not shown.
  package var mark1: UInt32 = 0
  package var mark2: UInt32 = 0
  package var style: Style

  /// Whether the cell appears blank.
  var looksBlank: Bool { scalar == 0x20 && !style.isVisibleOnBlank && mark1 == 0 }

  package static let tail: UInt32 = 0
  static let blank = Cell(scalar: 0x20, style: .plain)
}
