import Alerts
import Sinks

extension SettingValues<AlertSettings> {
  /// All rules: the user's, and the shipped ones whose names they do not take.
  var allRules: [AlertRule] {
    let names = Set(self.rules.map(\.name))
    return AlertRule.distinct(
      self.rules + (self.defaults == .on ? AlertRule.defaults.filter { !names.contains($0.name) } : []))
  }

  /// Refuses a repeated name or rule: outputs identify alerts by name.
  func checkRules() throws(SettingError) {
    if let (rule, reason) = AlertRule.repetition(in: self.rules) {
      throw SettingError(name: origin(of: \.rules), value: rule, reason: reason)
    }
  }

  /// Warnings about rules that are valid, but cannot fire, a line each.
  var ruleWarnings: [String] { self.rules.compactMap(\.warning).map { origin(of: \.rules) + ": " + $0 } }

  /// The receivers of alerts.
  func webhookTargets() throws(SettingError) -> [AlertWebhook.WebhookTarget] {
    if self.webhooks.isEmpty {
      let files = [
        (origin(of: \.webhookTokenFile), self.webhookTokenFile),
        (origin(of: \.webhookAuthorities), self.webhookAuthorities),
      ]
      for case (let name, let file?) in files where name.hasPrefix("--") {
        throw SettingError(name: name, value: file, reason: "requires --alert-webhook")
      }
    }
    var targets: [AlertWebhook.WebhookTarget] = []
    for text in self.webhooks {
      do throws(PushURL.PushURLError) {
        let path = self.webhookFormat == .alertmanager ? "/api/v2/alerts" : "/"
        let url = try PushURL(text, defaultPath: path, credentials: "--alert-webhook-token-file")
        targets.append(
          AlertWebhook.WebhookTarget(
            url: url, format: self.webhookFormat, tokenFile: self.webhookTokenFile,
            authorities: self.webhookAuthorities))
      } catch {
        throw SettingError(name: origin(of: \.webhooks), value: text, reason: "must be " + error.description)
      }
    }
    return targets
  }
}
