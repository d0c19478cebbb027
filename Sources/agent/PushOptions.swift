import ArgumentParser
import Sinks
import SystemIO

/// Where samples are sent to.
struct PushOptions: ParsableArguments {
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Send every sample to this receiver of Prometheus remote write, http://HOST:9090 or a whole URL; may be given"
        + " several times. With --db nothing is missing there after outages and restarts.", valueName: "url"))
  var push: [String] = []

  @Option(
    name: .customLong("push-protocol"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "remote-write (2.0, or 1.0 where the receiver knows no better), remote-write-1 or otlp (default: remote-write).",
      valueName: "protocol"))
  var format: [String] = []

  @Option(
    name: .customLong("push-header"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Add a field to each request, as \"X-Scope-OrgID: me\".", valueName: "field"))
  var headers: [String] = []

  @Option(
    name: .customLong("push-username"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp("User name for receivers; goes with --push-password-file.", valueName: "name"))
  var usernames: [String] = []

  @Option(
    name: .customLong("push-password-file"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp("File whose first line is the password; read anew for each request.", valueName: "file"))
  var passwordFiles: [String] = []

  @Option(
    name: .customLong("push-token-file"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "File whose first line is the bearer token; read anew for each request. Of these options, one is for all"
        + " receivers, several are for each in turn.", valueName: "file"))
  var tokenFiles: [String] = []

  @Option(
    name: .customLong("push-ca-file"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Certificates (PEM) of who vouches for receivers (default: the system's).", valueName: "file"))
  var authorities: [String] = []

  @Option(
    name: .customLong("push-label"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Add a label to every series (default: instance=<host name> and job=agent).", valueName: "name=value"))
  var labels: [String] = []

  /// The receivers that flags and variables ask for, checked; a flag wins over its variable.
  ///
  /// - Throws: Configuration.Mistake that names the flag or the variable.
  func targets(hostName: String, environment: (String) -> String?) throws(Configuration.ValidationError) -> [PushTarget]
  {
    func setting(_ flags: [String], _ flag: String, _ variable: String) -> (name: String, values: [String]) {
      if !flags.isEmpty { return (flag, flags) }
      return (variable, environment(variable).map { $0.split(whereSeparator: \.isWhitespace).map(String.init) } ?? [])
    }
    let urls = setting(push, "--push", "PUSH_URL")
    guard !urls.values.isEmpty else {
      let others: [(String, [String])] = [
        ("--push-protocol", format), ("--push-header", headers), ("--push-username", usernames),
        ("--push-password-file", passwordFiles), ("--push-token-file", tokenFiles), ("--push-ca-file", authorities),
        ("--push-label", labels),
      ]
      if let (name, values) = others.first(where: { !$1.isEmpty }) {
        throw Configuration.ValidationError(name: name, value: values[0], allowed: "only with --push")
      }
      return []
    }
    let count = urls.values.count
    /// The value for each receiver: one for all, or one each.
    func each(_ setting: (name: String, values: [String])) throws(Configuration.ValidationError) -> [String?] {
      switch setting.values.count {
      case 0: return [String?](repeating: nil, count: count)
      case 1: return [String?](repeating: setting.values[0], count: count)
      case count: return setting.values
      default:
        throw Configuration.ValidationError(
          name: setting.name, value: setting.values[setting.values.count - 1],
          allowed: "one for all receivers, or one for each of the \(count)")
      }
    }
    let formats = try each(setting(format, "--push-protocol", "PUSH_PROTOCOL"))
    let users = try each(setting(usernames, "--push-username", "PUSH_USERNAME"))
    let passwords = setting(passwordFiles, "--push-password-file", "PUSH_PASSWORD_FILE")
    let passwordFiles = try each(passwords)
    let tokens = setting(tokenFiles, "--push-token-file", "PUSH_TOKEN_FILE")
    let tokenFiles = try each(tokens)
    let authorities = try each(setting(authorities, "--push-ca-file", "PUSH_CA_FILE"))
    let labels = try checkedLabels(hostName: hostName)
    let fields = try checkedHeaders()
    var targets: [PushTarget] = []
    for index in 0..<count {
      var kind = SinkKind.all[0]
      if let word = formats[index] {
        guard let known = SinkKind(named: word) else {
          throw Configuration.ValidationError(
            name: "--push-protocol", value: word,
            allowed: SinkKind.all.map(\.name).joined(separator: ", "))
        }
        kind = known
      }
      let url: PushURL
      do throws(PushURL.PushURLError) {
        url = try PushURL(urls.values[index], defaultPath: kind.defaultPath)
      } catch {
        throw Configuration.ValidationError(name: urls.name, value: urls.values[index], allowed: error.description)
      }
      guard !targets.contains(where: { $0.url == url }) else {
        throw Configuration.ValidationError(name: urls.name, value: urls.values[index], allowed: "each receiver once")
      }
      var target = PushTarget(url: url, kind: kind)
      target.headers = fields
      target.labels = labels
      target.authorities = authorities[index]
      switch (users[index], passwordFiles[index], tokenFiles[index]) {
      case (nil, nil, nil): break
      case (nil, nil, let file?): target.credentials = .bearer(tokenFile: file)
      case (let user?, let file?, nil): target.credentials = .basic(username: user, passwordFile: file)
      case (_, let file?, nil):
        throw Configuration.ValidationError(name: passwords.name, value: file, allowed: "only with --push-username")
      case (let user?, nil, nil):
        throw Configuration.ValidationError(
          name: "--push-username", value: user, allowed: "only with --push-password-file")
      case (_, _, let file?):
        throw Configuration.ValidationError(name: tokens.name, value: file, allowed: "a token or a password, not both")
      }
      targets.append(target)
    }
    return targets
  }

  private func checkedLabels(hostName: String) throws(Configuration.ValidationError) -> [PushLabel] {
    var result: [PushLabel] = []
    for text in labels {
      guard let label = PushLabel(text), !result.contains(where: { $0.name == label.name }) else {
        throw Configuration.ValidationError(
          name: "--push-label", value: text,
          allowed: "name=value with a name of letters, digits and underscores, each once")
      }
      result.append(label)
    }
    for (name, value) in [("instance", hostName), ("job", "agent")] where !result.contains(where: { $0.name == name }) {
      if let label = PushLabel(name: name, value: value) { result.append(label) }
    }
    return result
  }

  private func checkedHeaders() throws(Configuration.ValidationError) -> [PushTarget.Header] {
    var result: [PushTarget.Header] = []
    for text in headers {
      guard let header = PushTarget.Header(text) else {
        throw Configuration.ValidationError(
          name: "--push-header", value: text, allowed: "\"Name: value\", not a field that the agent sets itself")
      }
      result.append(header)
    }
    return result
  }

  /// The name of this machine, for the label `instance`.
  static var hostName: String {
    var bytes = [CChar](repeating: 0, count: 256)
    guard gethostname(&bytes, bytes.count - 1) == 0 else { return "localhost" }
    return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
