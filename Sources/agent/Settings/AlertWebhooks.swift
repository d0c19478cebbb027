import Alerts
import Sinks

extension SettingValues<AlertSettings> {
  /// All rules: the user's, and the shipped ones whose names they do not take.
  var allRules: [AlertRule] {
    let names = Set(self.rules.map(\.name))
    return self.rules + (self.defaults == .on ? AlertRule.defaults.filter { !names.contains($0.name) } : [])
  }

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
