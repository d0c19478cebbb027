/// Receives the present values of a Sample, field by field, in the order of the JSON.
///
/// Every call carries the field's number in the catalog (``Catalog/nodes``), so that an output can index arrays by it.
/// A table visited on its own counts from 0.
///
/// A class, because tables hold their nested groups with the type erased and cannot be generic over their visitor.
package protocol FieldVisitor: AnyObject {
  /// A finite number in the unit's base.
  func number(_ definition: Definition, _ value: Double, at field: Int)
  func text(_ definition: Definition, _ value: String, at field: Int)
  func flag(_ definition: Definition, _ value: Bool, at field: Int)
  /// Begins a nested group.
  func enter(_ name: String, at field: Int)
  /// Ends the innermost nested group or list entry.
  func leave()
  /// Begins a list.
  func enterList(_ name: String, at field: Int)
  /// Begins an entry of the innermost list.
  func enterItem()
  /// Begins an entry, for visitors that need the values of its labels.
  func enterItem(_ labels: () -> [String])
  /// Ends the innermost list.
  func leaveList()
}

extension FieldVisitor {
  package func enterItem(_ labels: () -> [String]) {
    enterItem()
  }
}

/// Supplies the values of a group and of the groups inside it, from received JSON or from an archive.
///
/// `field` is the field's number in the catalog, as for ``FieldVisitor``.
package protocol FieldReader {
  /// A number in the unit's base; nil when absent.
  func number(_ definition: Definition, at field: Int) -> Double?
  /// A text; nil when absent.
  func text(_ definition: Definition, at field: Int) -> String?
  /// A truth value; nil when absent.
  func flag(_ definition: Definition, at field: Int) -> Bool?
  /// A nested group; nil when absent.
  func part(_ name: String, at field: Int) -> (any FieldReader)?
  /// The entries of a list; nil when the list is absent.
  func items(_ name: String, at field: Int) -> [any FieldReader]?
}
