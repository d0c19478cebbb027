import TestSupport
import Testing

@testable import Dashboard

@Suite struct ConfigFileTests {
  @Test func everySettingIsWrittenAndReadBack() {
    for setting in Setting.all {
      let lists = ["hide": ["", "gpu", "cpu,agent"], "columns": ["auto", "pid", "command,cpu"]]
      let values = lists[setting.key] ?? setting.values
      for value in values {
        var settings = Settings()
        #expect(setting.set(&settings, value), "\(setting.key) \(value)")
        let text = ConfigFile.text(settings, over: "")
        let (read, problem) = ConfigFile.parse(text)
        #expect(read == settings && problem == nil, "\(setting.key) = \(value):\n\(text)")
      }
      var settings = Settings()
      #expect(!setting.set(&settings, "no such value") && settings == Settings(), "\(setting.key)")
    }
  }

  @Test func remarksAndUnknownLinesStay() {
    let old = "# mine\ntheme = vivid # bright\n\nfuture = 7\n"
    var settings = Settings()
    settings.theme = "light"
    settings.layout = .gpu
    #expect(ConfigFile.text(settings, over: old) == "# mine\ntheme = light\n\nfuture = 7\nlayout = gpu\n")
  }

  @Test func theCommandLinesSettingsAreNotSaved() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("config")
    try folder.write("config", "theme = vivid\n")
    let file = ConfigFile(path: path, overrides: ["theme=light", "layout=gpu"])
    var settings = Settings()
    (settings.theme, settings.layout, settings.vi) = ("light", .gpu, true)
    #expect(file.save(settings) == nil)
    let saved = file.load().settings
    #expect(saved.theme == "vivid" && saved.layout == Settings().layout && saved.vi)
    // One that is changed to another value is saved.
    settings.layout = .io
    #expect(file.save(settings) == nil)
    #expect(file.load().settings.layout == .io)
  }

  @Test func whatIsWrongIsSaidWithItsLine() {
    func problem(_ text: String) -> String? { ConfigFile.parse(text).problem }
    #expect(problem("") == nil && problem("# a remark\n\n   \n") == nil)
    #expect(problem("theme=calm\nnonsense\n") == "line 2 is not `key = value`")
    #expect(problem("colour = red") == "line 1: unknown setting colour")
    #expect(problem("mouse = maybe") == "line 1: mouse may be on, off")
    #expect(problem("hide = gpu,no") == "line 1: hide may be names of panels")
    // The other lines are still applied.
    #expect(ConfigFile.parse("x\ntheme = grey").settings.theme == "grey")
  }

  @Test func theStandardPlace() {
    func path(_ environment: [String: String]) -> String? { ConfigFile.standardPath { environment[$0] } }
    #expect(path(["XDG_CONFIG_HOME": "/x", "HOME": "/h"]) == "/x/worker-agent/config")
    #expect(path(["XDG_CONFIG_HOME": "relative", "HOME": "/h"]) == "/h/.config/worker-agent/config")
    #expect(path(["HOME": "/h"]) == "/h/.config/worker-agent/config" && path([:]) == nil)
  }

  @Test func aPlaceThatCannotBeWrittenIsSaid() throws {
    #expect(ConfigFile(path: "/proc/no/config").save(Settings()) != nil)
    let folder = try temporaryFolder()
    defer { removeFolder(folder) }
    #expect(ConfigFile(path: folder + "/a/b/config").save(Settings()) == nil)
    #expect(ConfigFile(path: folder + "/a/b/config").load().settings == Settings())
  }

  @Test func overridesAreChecked() {
    #expect(DashboardOptions.problem(ofOverride: "theme=light") == nil)
    #expect(DashboardOptions.problem(ofOverride: "theme=pink")?.hasPrefix("theme may be calm") == true)
    #expect(DashboardOptions.settingsHelp.count == Setting.all.count)
  }
}
