import ServerCore
import SystemIO

/// Settings of the service by default.
///
/// A variable of the unit would win over the settings file instead.
enum ServiceDefaults {
  /// The socket in the unit's runtime folder (RuntimeDirectory=); nil for other settings, and outside the unit.
  static func text(of variable: String, _ sources: [SettingSource]) -> String? {
    guard variable == "LISTEN", let folder = sources.lazy.compactMap({ $0("RUNTIME_DIRECTORY") }).first,
      UnixSocket.standardPath.hasPrefix(folder + "/")
    else { return nil }
    return "unix:" + UnixSocket.standardPath
  }
}

/// Settings that name files of secrets, from the credentials that systemd passes to the service (LoadCredential).
enum Credentials {
  /// Returns the path of a credential by the name of its setting: TOKEN_FILE is `token`, PUSH_TOKEN_FILE `push-token`.
  static func path(of variable: String, folder: String?) -> String? {
    guard let folder, folder.hasPrefix("/"), variable.hasSuffix("_FILE") else { return nil }
    let name = String(variable.dropLast("_FILE".count).map { $0 == "_" ? "-" : Character($0.lowercased()) })
    let path = folder + "/" + name
    return Files.exists(path) ? path : nil
  }

  /// The credentials of this process.
  static let source: SettingSource = { variable in
    path(of: variable, folder: processEnvironment("CREDENTIALS_DIRECTORY"))
  }
}
