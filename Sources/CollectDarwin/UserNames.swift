internal import CDarwin
internal import Collect

/// Names of users by their numbers.
///
/// getpwuid_r may ask a directory server and hang, so it runs on a thread of its own. Until it answers, and for an unknown
/// user, the number is used as the name.
final class UserNames {
  /// Maximum number of looked-up names.
  private static let maxNames = 4_096

  private var asked: [UInt32: BlockingSource<String?>] = [:]

  /// The name, else the number.
  func name(of user: UInt32) -> String {
    if user == 0 { return "root" }
    if let source = asked[user] { return (source.answer(waiting: 0).answer ?? nil) ?? String(user) }
    guard asked.count < Self.maxNames, !asked.values.contains(where: { $0.asking != nil }) else { return String(user) }
    let source = BlockingSource { text(capacity: 256) { cdarwin_user_name(user, $0, $1) } }
    asked[user] = source
    source.ask()
    return (source.answer(waiting: 0.002).answer ?? nil) ?? String(user)
  }
}
