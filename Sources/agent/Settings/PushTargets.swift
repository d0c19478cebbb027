import Sinks
import SystemIO

extension SettingValues<PushSettings> {
  /// The receivers, checked together; each option has one value for all receivers, or one for each.
  func targets(hostName: String) throws(SettingError) -> [PushTarget] {
    guard !self.urls.isEmpty else {
      try checkNone()
      return []
    }
    let kinds = try each(\.kinds)
    let usernames = try each(\.usernames)
    let passwordFiles = try each(\.passwordFiles)
    let tokenFiles = try each(\.tokenFiles)
    let authorities = try each(\.authorities)
    let labels = try allLabels(hostName: hostName)
    var targets: [PushTarget] = []
    for index in self.urls.indices {
      let kind = kinds[index] ?? SinkKind.all[0]
      let url: PushURL
      do throws(PushURL.PushURLError) {
        url = try PushURL(self.urls[index], defaultPath: kind.defaultPath)
      } catch {
        throw refused(\.urls, self.urls[index], "must be " + error.description)
      }
      guard !targets.contains(where: { $0.url == url }) else {
        throw refused(\.urls, self.urls[index], "the receiver is given twice")
      }
      var target = PushTarget(url: url, kind: kind)
      target.headers = self.headers
      target.labels = labels
      target.authorities = authorities[index]
      target.credentials = try credentials(
        username: usernames[index], passwordFile: passwordFiles[index], tokenFile: tokenFiles[index])
      targets.append(target)
    }
    return targets
  }

  /// Rejects flags that require `--push`; variables may stay set.
  private func checkNone() throws(SettingError) {
    let rows: [(name: String, value: String?)] = [
      (origin(of: \.kinds), self.kinds.first?.name), (origin(of: \.headers), self.headers.first?.name),
      (origin(of: \.usernames), self.usernames.first), (origin(of: \.passwordFiles), self.passwordFiles.first),
      (origin(of: \.tokenFiles), self.tokenFiles.first), (origin(of: \.authorities), self.authorities.first),
      (origin(of: \.labels), self.labels.first?.name),
    ]
    for case (let name, let value?) in rows where name.hasPrefix("--") {
      throw SettingError(name: name, value: value, reason: "requires --push")
    }
  }

  private func each<Value>(_ row: KeyPath<PushSettings, SettingRow<[Value]>>) throws(SettingError) -> [Value?] {
    let values = self[dynamicMember: row]
    let count = self.urls.count
    if values.count == count { return values }
    guard values.count <= 1 else {
      throw refused(
        row, "\(values[values.count - 1])", "must be one for all receivers, or one for each of the \(count)")
    }
    return [Value?](repeating: values.first, count: count)
  }

  private func credentials(
    username: String?, passwordFile: String?, tokenFile: String?
  ) throws(SettingError) -> PushCredentials {
    switch (username, passwordFile, tokenFile) {
    case (nil, nil, nil): return .none
    case (nil, nil, let file?): return .bearer(tokenFile: file)
    case (let user?, let file?, nil): return .basic(username: user, passwordFile: file)
    case (_, let file?, nil): throw refused(\.passwordFiles, file, "requires --push-username")
    case (let user?, nil, nil): throw refused(\.usernames, user, "requires --push-password-file")
    case (_, _, let file?): throw refused(\.tokenFiles, file, "a receiver takes a token or a password, not both")
    }
  }

  private func allLabels(hostName: String) throws(SettingError) -> [PushLabel] {
    var result: [PushLabel] = []
    for label in self.labels {
      guard !result.contains(where: { $0.name == label.name }) else {
        throw refused(\.labels, label.name, "the label is given twice")
      }
      result.append(label)
    }
    for (name, value) in [("instance", hostName), ("job", "agent")] where !result.contains(where: { $0.name == name }) {
      if let label = PushLabel(name: name, value: value) { result.append(label) }
    }
    return result
  }

  private func refused<Value>(
    _ row: KeyPath<PushSettings, SettingRow<Value>>, _ value: String, _ reason: String
  ) -> SettingError {
    SettingError(name: origin(of: row), value: value, reason: reason)
  }
}

/// This machine's name, for the label `instance`.
var hostName: String {
  Environment.hostName ?? "localhost"
}
