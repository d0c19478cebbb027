internal import CWindows
internal import Collect

/// Names of users by their security identifiers.
///
/// LookupAccountSid may ask a domain controller and hang, so it runs on a thread of its own. Until it answers, and for an
/// unknown user, the identifier is used as the name.
final class UserNames {
  /// Accounts that every machine has; their names depend on its language.
  private static let wellKnown = [
    "S-1-5-18": "SYSTEM", "S-1-5-19": "LOCAL SERVICE", "S-1-5-20": "NETWORK SERVICE",
  ]
  /// Maximum number of looked-up names, more than a terminal server has.
  private static let maxNames = 4_096

  private var asked: [String: BlockingSource<String?>] = [:]

  /// The name, else the identifier.
  func name(of identifier: String) -> String {
    if let name = Self.wellKnown[identifier] { return name }
    if let source = asked[identifier] {
      return (source.answer(waiting: 0).answer ?? nil) ?? identifier
    }
    guard asked.count < Self.maxNames, !asked.values.contains(where: { $0.asking != nil }) else { return identifier }
    let source = BlockingSource {
      text(capacity: 256) { cwindows_account_name(identifier, $0, $1) }
    }
    asked[identifier] = source
    source.ask()
    return (source.answer(waiting: 0.002).answer ?? nil) ?? identifier
  }
}
