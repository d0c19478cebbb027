import KernelFiles
import SystemIO
import TestSupport
import Testing

@testable import CollectGPU
@testable import CollectGPULinux

@Suite struct PCINamesTests {
  private static let ids = Array(
    """
    # comment
    1001  Kolter
    \t744c  Not this one
    1002  Advanced Micro Devices, Inc. [AMD/ATI]
    \t73bf  Navi 21 [Radeon RX 6800]
    \t744c  Navi 31 [Radeon RX 7900 XT/7900 XTX]
    \t\t1002 73df  RX 7900 XTX
    \t7480
    1003  ULSI
    \t73df  Not this one either

    """.utf8)

  private static let amdgpu = Array(
    "# List of AMDGPU IDs\n1.0.0\n744C,\tC8,\tAMD Radeon RX 7900 XTX\n744c,\tCC,\tAMD Radeon RX 7900 XT  \n744C,\n".utf8
  )

  @Test func aDeviceIsFoundUnderItsVendorOnly() {
    #expect(PCINames.name(vendor: 0x1002, device: 0x744c, in: Self.ids.span) == "Navi 31 [Radeon RX 7900 XT/7900 XTX]")
    #expect(PCINames.name(vendor: 0x1002, device: 0x73df, in: Self.ids.span) == nil)
    #expect(PCINames.name(vendor: 0x1002, device: 0x7480, in: Self.ids.span) == nil)
    #expect(PCINames.name(vendor: 0x8086, device: 0x744c, in: Self.ids.span) == nil)
  }

  @Test func theRevisionDistinguishesProductsWithOneId() {
    let name = { PCINames.marketingName(device: 0x744c, revision: $0, in: Self.amdgpu.span) }
    #expect(name(0xc8) == "AMD Radeon RX 7900 XTX")
    #expect(name(0xcc) == "AMD Radeon RX 7900 XT")
    #expect(name(0x01) == nil)
  }

  @Test func theProductIsTheTextInBrackets() {
    #expect(PCINames.product("DG2 [Arc A770]") == "Arc A770")
    #expect(PCINames.product("Phoenix1") == "Phoenix1")
    #expect(PCINames.product("Odd []") == "Odd []")
    #expect(PCINames.product("]") == "]")
    #expect(PCINames.full("Intel Arc Graphics", "Intel") == "Intel Arc Graphics")
    #expect(PCINames.full("Arc A770", "Intel") == "Intel Arc A770")
  }

  @Test func mutations() {
    surviveTruncationAndMutation(of: Self.ids, mutations: 1_500) { bytes in
      _ = PCINames.name(vendor: 0x1002, device: 0x744c, in: bytes)
    }
    surviveTruncationAndMutation(of: Self.amdgpu, mutations: 1_500) { bytes in
      _ = PCINames.marketingName(device: 0x744c, revision: 0xcc, in: bytes)
    }
  }

  @Test(arguments: [(2.5, 1.0), (5, 2), (8, 3), (16, 4), (32, 5), (64, 6), (7, .nan), (.nan, .nan)])
  func generationOfALink(rate: Double, generation: Double) {
    let result = PCILink.generation(rate: rate)
    #expect(result == generation || result.isNaN && generation.isNaN)
  }

  @Test func withoutAListTheIdIsTheName() throws {
    let fixture = try Fixture("gpu-intel-xe").copy()
    fixture.remove("usr/share/misc/pci.ids")
    let device = try #require(DRMDevice.all(ofVendor: 0x8086, root: fixture.root).first)
    #expect(PCINames.model(device, maker: "Intel", root: fixture.root) == "Intel GPU 0xe20b")
  }
}

@Suite struct DRMDeviceTests {
  @Test func cardsOfOneVendorWithoutConnectors() {
    let devices = DRMDevice.all(ofVendor: 0x1002, root: Fixture("gpu-amd-dgpu").root)
    #expect(devices.map(\.card) == ["card1", "card2"])
    #expect(devices.map(\.pciAddress) == ["0000:03:00.0", "0000:0b:00.0"])
    #expect(devices.map(\.driver) == ["amdgpu", "amdgpu"])
    #expect(devices.map(\.nodes) == [["card1", "renderD128"], ["card2", "renderD129"]])
    #expect(devices.first?.device == 0x7448 && devices.last?.revision == 0xc1)
  }

  @Test func withoutUeventTheLinksAreUsed() throws {
    let fixture = try Fixture(files: [
      "sys/devices/pci0000:00/0000:00:02.0/vendor": "0x8086\n",
      "sys/devices/pci0000:00/0000:00:02.0/drm/card10/dev": "226:10\n",
      "sys/bus/pci/drivers/i915/module": "",
    ])
    try fixture.link("sys/devices/pci0000:00/0000:00:02.0/driver", to: "../../../bus/pci/drivers/i915")
    try fixture.link("sys/devices/pci0000:00/0000:00:02.0/drm/card10/device", to: "../../../0000:00:02.0")
    try fixture.link("sys/class/drm/card10", to: "../../devices/pci0000:00/0000:00:02.0/drm/card10")
    let device = try #require(DRMDevice.all(ofVendor: 0x8086, root: fixture.root).first)
    #expect(device.pciAddress == "0000:00:02.0" && device.driver == "i915" && device.nodes == ["card10"])
  }

  @Test func aMachineWithoutAnyHasNone() {
    #expect(DRMDevice.all(ofVendor: 0x1002, root: Fixture("vm-1-core").root).isEmpty)
    #expect(DRMDevice.all(ofVendor: 0x1002, root: "/nowhere").isEmpty)
  }
}

@Suite struct NamespacePIDsTests {
  @Test func theNumbersWithin() {
    let inner = { (text: String) in ProcessStatusParser.innerPIDs(Array(text.utf8).span) }
    #expect(inner("Name:\tx\nPid:\t4102\nNSpid:\t4102\t17\n") == [17])
    #expect(inner("NSpid:\t4102\t17\t1\nNSpgid:\t4102\t17\t1\n") == [17, 1])
    #expect(inner("NSpid:\t4102\n") == [])
    #expect(inner("Name:\tNSpid: 3 4\n") == [])
    #expect(inner("NSpid:\t4102\t99999999999\t5\n") == [5])
  }

  @Test func anIdThatOneProcessHas() throws {
    let fixture = try Fixture(files: [
      "proc/4102/status": "Name:\ta\nNSpid:\t4102\t17\n",
      "proc/4203/status": "Name:\tb\nNSpid:\t4203\t1\n",
      "proc/4304/status": "Name:\tc\nNSpid:\t4304\t1\n",
      "proc/4405/status": "Name:\td\nNSpid:\t4405\n",
      "proc/self/status": "Name:\te\nNSpid:\t4102\t17\n",
    ])
    // Each container's first process has the id 1.
    #expect(NamespacePIDs.find([17, 1, 4405, 9], root: fixture.root) == [17: 4102])
    #expect(NamespacePIDs.find([], root: fixture.root) == [:])
  }

  @Test func mutations() {
    let status = Array("Name:\tpython3\nUmask:\t0022\nPid:\t4102\nNSpid:\t4102\t17\t3\nNSpgid:\t4102\t17\n".utf8)
    surviveTruncationAndMutation(of: status, mutations: 2_000) { bytes in
      #expect(ProcessStatusParser.innerPIDs(bytes).count <= 32)
    }
  }
}
