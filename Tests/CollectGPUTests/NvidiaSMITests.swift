import AgentMetrics
import Collect
import SystemIO
import TestSupport
import Testing

@testable import CollectGPU

@Suite(.ownThreads) struct NvidiaSMITests {
  private static let line =
    "GPU-aaa, 00000000:3B:00.0, 550.54.15, 61, 87, 40, 24564, 20311, 301.22, 450.00, 2520, 10501, 3105, 44, 4, 16, P2, "
    + "[N/A], NVIDIA GeForce RTX 4090, Founders\n"

  private func gpus(_ text: String, _ fields: [String] = NvidiaSMIParser.fields) -> [GPU] {
    let bytes = Array(text.utf8)
    return NvidiaSMIParser.gpus(bytes.span, fields: fields)
  }

  @Test func everyField() throws {
    let gpu = try #require(gpus(Self.line).first)
    #expect(gpu.uuid == "GPU-aaa" && gpu.pciAddress == "0000:3b:00.0" && gpu.driver == "550.54.15")
    // A name with a comma.
    #expect(gpu.model == "NVIDIA GeForce RTX 4090, Founders")
    #expect(gpu.temperature == 61 && gpu.memoryTemperature.isNaN)
    #expect(gpu.util == 0.87 && gpu.memoryUtil == 0.4 && gpu.fan == 0.44)
    #expect(gpu.vramTotal == 24_564 * 1_048_576.0 && gpu.vramUsed == 20_311 * 1_048_576.0)
    #expect(gpu.power == 301.22 && gpu.powerLimit == 450)
    #expect(gpu.clock == 2_520e6 && gpu.memoryClock == 10_501e6 && gpu.clockMaximum == 3_105e6)
    #expect(gpu.pcieGeneration == 4 && gpu.pcieWidth == 16 && gpu.performanceState == "P2")
  }

  @Test func whatIsNotToldIsAbsent() throws {
    let words = ["[N/A]", "N/A", "[Not Supported]", "[Unknown Error]", "ERR!", "[Insufficient Permissions]", "", "nan"]
    for word in words {
      let line = (["GPU-b"] + Array(repeating: word, count: NvidiaSMIParser.fields.count - 1)).joined(separator: ", ")
      let gpu = try #require(gpus(line).first)
      #expect(gpu.util.isNaN && gpu.power.isNaN && gpu.vramTotal.isNaN && gpu.temperature.isNaN, "\(word)")
      #expect(gpu.state == .active)
    }
    let lost = (["GPU-b"] + Array(repeating: "[GPU is lost]", count: 18)).joined(separator: ", ")
    #expect(gpus(lost).first?.state == .lost)
    #expect(
      gpus("Unable to determine the device handle for GPU 0000:02:00.0: GPU is lost.\n\nNo devices were found\n")
        .isEmpty)
  }

  @Test func processesOfEachGPU() {
    let bytes = Array("GPU-a, 100, 512\nGPU-b, 7, [N/A]\nGPU-a, 101, 1024\nNo running processes\n".utf8)
    func processes() -> [String: [GPUProcess]] { NvidiaSMIParser.processes(bytes.span) }
    #expect(processes()["GPU-a"]?.map(\.pid) == [100, 101])
    #expect(processes()["GPU-a"]?.first?.vram == 536_870_912)
    #expect(processes()["GPU-b"]?.first?.vram.isNaN == true)
  }

  /// A tool that knows only old fields, and counts how often it was run.
  @Test func anOldToolIsAskedForLessAndNotTooOften() throws {
    let fixture = try Fixture(files: [
      "bin/nvidia-smi": """
      #!/bin/sh
      echo >>"$(dirname "$0")/runs"
      case $1 in
        *pstate*) echo 'Field "pstate" is not a valid field to query.'; exit 2;;
        --query-gpu=*) echo 'GPU-old, 0000:02:00.0, 367.57, 50, 3, 8192, 100, Quadro, M4000';;
        *) echo 'GPU-old, 42, 90';;
      esac

      """
    ])
    chmod(fixture.root + "/bin/nvidia-smi", 0o755)
    let environment = GPUEnvironment(root: "/nowhere", asksDrivers: true, toolPath: [fixture.root + "/bin"])
    let source = NVIDIASource(environment, paths: ["/nowhere/libnvidia-ml.so.1"])
    let gpu = try #require(try source.read(at: 100).gpus.first)
    #expect(gpu.model == "Quadro, M4000" && gpu.util == 0.03 && gpu.vramTotal == 8_589_934_592)
    #expect(gpu.processes?.map(\.pid) == [42])
    let again = try #require(try source.read(at: 103).gpus.first)
    #expect(again.age == 3)
    // Refused, asked for less, asked for processes; and not again within five seconds.
    #expect(try fixture.contents(of: "bin/runs").count == 3)
    _ = try source.read(at: 106)
    #expect(try fixture.contents(of: "bin/runs").count == 5)
  }

  @Test func aToolWithoutADriverIsNoError() throws {
    let fixture = try Fixture(files: ["bin/nvidia-smi": "#!/bin/sh\necho no driver; exit 9\n"])
    chmod(fixture.root + "/bin/nvidia-smi", 0o755)
    let environment = GPUEnvironment(root: "/nowhere", asksDrivers: true, toolPath: [fixture.root + "/bin"])
    let answer = try NVIDIASource(environment, paths: ["/nowhere/x"]).read(at: 1)
    #expect(answer.gpus.isEmpty && answer.rest == 300)
  }

  @Test func parsersSurviveAnything() {
    surviveTruncationAndMutation(of: Array(Self.line.utf8), mutations: 20_000) { bytes in
      _ = NvidiaSMIParser.gpus(bytes, fields: NvidiaSMIParser.fields)
    }
    surviveTruncationAndMutation(of: Array("GPU-a, 100, 512\nGPU-b, 7, [N/A]\n".utf8), mutations: 20_000) { bytes in
      _ = NvidiaSMIParser.processes(bytes)
    }
  }
}
