// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

// Each target imports only what stands below it; `scripts/test` builds with
// `--explicit-target-dependency-import-check error`, so that an import that is not listed here fails.
let package = Package(
  name: "worker-monitoring-agent",
  // Array.span.
  platforms: [.macOS(.v26)],
  products: [.executable(name: "agent", targets: ["agent"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-nio-http2.git", from: "1.46.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.0"),
    .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.26.0"),
    .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0", traits: []),
    // Default traits link full Foundation: 70 MB instead of 25.
    .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1", traits: []),
  ],
  targets: [
    .executableTarget(
      name: "agent",
      dependencies: [
        "Dashboard", "Remote", "ServerCore", "Sinks", "ClientHTTP", "Outbox", "API", "Archive", "Alerts", "Events",
        "Why", "SampleStore", "Query", "CollectDemo", "Collect", "PrometheusExport", "NodeMetrics", "AgentMetrics",
        "SystemIO", "Platforms", "PlatformUnsupported", "VTTerminal",
        .target(name: "HTTPServer", condition: .when(platforms: [.linux, .macOS])),
        .target(name: "ClientNIO", condition: .when(platforms: [.linux, .macOS])),
        .target(name: "NcursesTerminal", condition: .when(platforms: [.linux, .macOS])),
        .target(name: "PlatformLinux", condition: .when(platforms: [.linux])),
        .target(name: "PlatformDarwin", condition: .when(platforms: [.macOS])),
        .target(name: "SocketServer", condition: .when(platforms: [.windows])),
        .target(name: "ClientWindows", condition: .when(platforms: [.windows])),
        .target(name: "PlatformWindows", condition: .when(platforms: [.windows])),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings
    ),
    .target(
      name: "Dashboard",
      dependencies: ["Why", "Events", "Collect", "SampleStore", "Query", "AgentMetrics", "SystemIO"],
      swiftSettings: settings),
    .target(name: "NcursesTerminal", dependencies: ["Dashboard", "SystemIO", "CNcurses"], swiftSettings: settings),
    // Windows' terminal, and any other by `--terminal vt`.
    .target(name: "VTTerminal", dependencies: ["Dashboard", "SystemIO", "CTerminal"], swiftSettings: settings),
    .target(
      name: "HTTPServer",
      dependencies: [
        "ServerCore", "API", "AgentMetrics", "SystemIO",
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTP2", package: "swift-nio-http2"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "NIOHTTPTypesHTTP2", package: "swift-nio-extras"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: settings
    ),
    // The same server without NIO, whose Windows selector closes connections on large responses and has no TLS.
    .target(
      name: "SocketServer",
      dependencies: [
        "ServerCore", "API", "AgentMetrics", "SystemIO", "CSockets",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings
    ),
    .target(
      name: "ServerCore",
      dependencies: ["API", "AgentMetrics", "SystemIO", .product(name: "Logging", package: "swift-log")],
      swiftSettings: settings),
    .target(
      name: "API",
      dependencies: [
        "Alerts", "Why", "Events", "PrometheusExport", "NodeMetrics", "Collect", "SampleStore", "Query", "AgentMetrics",
        "SystemIO",
        "CDeflate", "CWeb", "CZlib",
      ],
      swiftSettings: settings),
    .target(
      name: "Sinks",
      dependencies: [
        "Alerts", "Outbox", "PrometheusExport", "ClientHTTP", "AgentMetrics", "SystemIO", "CSnappy",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings
    ),
    .target(
      name: "Outbox",
      dependencies: [
        "SampleStore", "Query", "AgentMetrics", "SystemIO", .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings),
    .target(
      name: "Archive", dependencies: ["SampleStore", "Query", "AgentMetrics", "SystemIO", "CSQLite"],
      swiftSettings: settings),
    // Why a machine is slow: rules over one sample.
    .target(name: "Why", dependencies: ["AgentMetrics"], swiftSettings: settings),
    // Events: changes between consecutive samples.
    .target(name: "Events", dependencies: ["AgentMetrics"], swiftSettings: settings),
    // Thresholds of metrics.
    .target(name: "Alerts", dependencies: ["Query", "AgentMetrics"], swiftSettings: settings),
    .target(name: "SampleStore", dependencies: ["Query", "AgentMetrics"], swiftSettings: settings),
    .target(name: "Query", dependencies: ["AgentMetrics"], swiftSettings: settings),
    .target(
      name: "PrometheusExport", dependencies: ["NodeMetrics", "AgentMetrics", "SystemIO"], swiftSettings: settings),
    // What a system supplies to the agent, and its implementations, of which `Sources/agent/Platform.swift` picks one.
    .target(
      name: "Platforms", dependencies: ["CollectGPU", "Collect", "NodeMetrics", "AgentMetrics", "SystemIO"],
      swiftSettings: settings),
    .target(
      name: "PlatformLinux",
      dependencies: [
        "Platforms", "CollectNode", "CollectLinux", "CollectGPULinux", "CollectGPU", "Collect", "NodeMetrics",
        "AgentMetrics", "CTaskPool",
      ],
      swiftSettings: settings),
    .target(
      name: "PlatformWindows",
      dependencies: [
        "Platforms", "WindowsService", "CollectWindows", "CollectGPU", "Collect", "NodeMetrics", "AgentMetrics",
      ],
      swiftSettings: settings),
    .target(
      name: "PlatformDarwin",
      dependencies: ["Platforms", "CollectDarwin", "CollectGPU", "Collect", "NodeMetrics", "AgentMetrics"],
      swiftSettings: settings),
    .target(name: "WindowsService", dependencies: ["Platforms", "CWindows"], swiftSettings: settings),
    .target(
      name: "PlatformUnsupported", dependencies: ["Platforms", "CollectGPU", "Collect", "NodeMetrics", "AgentMetrics"],
      swiftSettings: settings),
    // node_exporter's values that no Sample holds: read by CollectNode, written by PrometheusExport.
    .target(name: "NodeMetrics", swiftSettings: settings),
    .target(
      name: "CollectNode",
      dependencies: ["CollectLinux", "Collect", "KernelFiles", "NodeMetrics", "SystemIO", "CSystemIO"],
      swiftSettings: settings),
    .target(
      name: "CollectLinux",
      dependencies: ["Collect", "KernelFiles", "AgentMetrics", "SystemIO", "CSystemIO", "CTaskstats"],
      swiftSettings: settings),
    // Tested on Linux against Tests/CWindowsDouble.
    .target(
      name: "CollectWindows", dependencies: ["CollectGPU", "Collect", "AgentMetrics", "SystemIO", "CWindows"],
      swiftSettings: settings),
    // Tested on Linux against Tests/CDarwinDouble.
    .target(
      name: "CollectDarwin", dependencies: ["Collect", "AgentMetrics", "SystemIO", "CDarwin"],
      swiftSettings: settings),
    // Parsers of kernel files that several targets read: bytes in, values out.
    .target(name: "KernelFiles", dependencies: ["SystemIO"], swiftSettings: settings),
    .target(name: "CollectDemo", dependencies: ["Collect", "AgentMetrics"], swiftSettings: settings),
    .target(
      name: "CollectGPU", dependencies: ["Collect", "AgentMetrics", "SystemIO", "CNVML"], swiftSettings: settings),
    // GPUs by Linux' direct rendering manager, and Linux' part of NVIDIA's.
    .target(
      name: "CollectGPULinux", dependencies: ["CollectGPU", "Collect", "KernelFiles", "AgentMetrics", "SystemIO"],
      swiftSettings: settings),
    .target(name: "Collect", dependencies: ["SampleStore", "AgentMetrics", "SystemIO"], swiftSettings: settings),
    .target(
      name: "Remote",
      dependencies: ["ClientHTTP", "Collect", "SampleStore", "Query", "AgentMetrics", "SystemIO"],
      swiftSettings: settings),
    // What a client needs of a system, and its implementations.
    .target(name: "ClientHTTP", swiftSettings: settings),
    .target(
      name: "ClientNIO",
      dependencies: [
        "ClientHTTP", "SystemIO",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTPCompression", package: "swift-nio-extras"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: settings
    ),
    // WinHTTP; tested on Linux against Tests/CWindowsDouble.
    .target(name: "ClientWindows", dependencies: ["ClientHTTP", "SystemIO", "CWindows"], swiftSettings: settings),
    .target(name: "SystemIO", dependencies: ["CLibc", "CSystemIO"], swiftSettings: settings),
    // The module is AgentMetrics because Hummingbird brings a module called Metrics (swift-metrics), and a module alias
    // does not pass the import check.
    .target(name: "AgentMetrics", path: "Sources/Metrics", swiftSettings: settings),
    .target(
      name: "CNcurses", dependencies: ["CSystemIO"],
      linkerSettings: [
        .linkedLibrary("ncursesw", .when(platforms: [.linux])),
        .linkedLibrary("ncurses", .when(platforms: [.macOS])),
      ]
    ),
    .target(
      name: "CDeflate",
      linkerSettings: [
        .linkedLibrary("deflate", .when(platforms: [.linux, .macOS])),
        .linkedLibrary("z", .when(platforms: [.linux, .macOS])),
      ]),
    // The system's C library under one name.
    .target(name: "CLibc"),
    // Defined only for macOS; tests on Linux link a scripted double.
    .target(name: "CDarwin"),
    .target(name: "CNVML"),
    .target(name: "CSockets", linkerSettings: [.linkedLibrary("ws2_32", .when(platforms: [.windows]))]),
    .target(name: "CSnappy", linkerSettings: [.linkedLibrary("snappy", .when(platforms: [.linux, .macOS]))]),
    .target(
      name: "CSQLite",
      linkerSettings: [
        .linkedLibrary("sqlite3", .when(platforms: [.linux, .macOS])),
        .linkedLibrary("winsqlite3", .when(platforms: [.windows])),
      ]),
    .target(name: "CSystemIO"),
    // Linux's alone.
    .target(name: "CTaskPool"),
    .target(name: "CTaskstats"),
    .target(name: "CTerminal", dependencies: ["CWindows", "CSystemIO"]),
    .target(name: "CWeb"),
    // Defined only for Windows; tests on Linux link a scripted double.
    .target(
      name: "CWindows",
      linkerSettings: [
        .linkedLibrary("advapi32", .when(platforms: [.windows])),
        .linkedLibrary("crypt32", .when(platforms: [.windows])),
        .linkedLibrary("winhttp", .when(platforms: [.windows])),
      ]),
    .target(name: "CZlib", linkerSettings: [.linkedLibrary("z", .when(platforms: [.linux, .macOS]))]),

    // Recorded machines, mutations, programs and connections, for all tests that need them.
    .target(
      name: "TestSupport", dependencies: ["SystemIO", "CTestTasks", "CThreadSanitizer"], path: "Tests/TestSupport",
      swiftSettings: settings),
    // Runs the tasks of tests on threads of ours.
    .target(name: "CTestTasks", dependencies: ["CTaskPool"], path: "Tests/CTestTasks"),
    // Shows Swift's Mutex to the thread sanitizer; empty without it.
    .target(name: "CThreadSanitizer", path: "Tests/CThreadSanitizer"),
    .testTarget(name: "MetricsTests", dependencies: ["AgentMetrics"], swiftSettings: settings),
    .testTarget(name: "SystemIOTests", dependencies: ["SystemIO", "TestSupport"], swiftSettings: settings),
    .testTarget(name: "TaskPoolTests", dependencies: ["CTaskPool", "SystemIO"], swiftSettings: settings),
    .testTarget(name: "QueryTests", dependencies: ["Query", "SampleStore", "AgentMetrics"], swiftSettings: settings),
    .testTarget(name: "WhyTests", dependencies: ["Why", "AgentMetrics"], swiftSettings: settings),
    .testTarget(name: "EventsTests", dependencies: ["Events", "AgentMetrics"], swiftSettings: settings),
    .testTarget(
      name: "AlertsTests", dependencies: ["Alerts", "ArchiveTestSupport", "Query", "AgentMetrics"],
      swiftSettings: settings),
    .testTarget(name: "SampleStoreTests", dependencies: ["SampleStore", "AgentMetrics"], swiftSettings: settings),
    .testTarget(
      name: "CollectTests",
      dependencies: ["Collect", "SampleStore", "AgentMetrics", "SystemIO", "TestSupport", "CAllocationCounter"],
      exclude: ["CommandLines"],
      swiftSettings: settings),
    // Takes malloc's place, to count allocations.
    .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
    .testTarget(
      name: "CollectLinuxTests",
      dependencies: [
        "CollectNode", "CollectLinux", "Collect", "KernelFiles", "AgentMetrics", "SystemIO", "TestSupport",
        "CAllocationCounter",
      ],
      swiftSettings: settings),
    // Defines CWindows's functions by scripted machines.
    .target(
      name: "CWindowsDouble", dependencies: ["CWindows", "SystemIO"], path: "Tests/CWindowsDouble",
      swiftSettings: settings),
    .testTarget(
      name: "CollectWindowsTests",
      dependencies: [
        "PlatformWindows", "Platforms", "CollectWindows", "CWindowsDouble", "CWindows", "API", "CollectGPU", "Collect",
        "AgentMetrics", "SystemIO", "TestSupport",
      ],
      exclude: ["Goldens"], swiftSettings: settings),
    // Defines CDarwin's functions by scripted machines.
    .target(
      name: "CDarwinDouble", dependencies: ["CDarwin", "SystemIO"], path: "Tests/CDarwinDouble",
      swiftSettings: settings),
    .testTarget(
      name: "CollectDarwinTests",
      dependencies: [
        "PlatformDarwin", "Platforms", "CollectDarwin", "CDarwinDouble", "CDarwin", "API", "Collect", "AgentMetrics",
        "SystemIO", "TestSupport",
      ],
      exclude: ["Goldens"], swiftSettings: settings),
    .testTarget(
      name: "ClientWindowsTests",
      dependencies: ["ClientWindows", "ClientHTTP", "CWindowsDouble", "SystemIO", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "WindowsServiceTests", dependencies: ["WindowsService", "Platforms", "CWindowsDouble", "SystemIO"],
      swiftSettings: settings),
    .testTarget(
      name: "OutboxTests",
      dependencies: [
        "Outbox", "SampleStore", "Query", "AgentMetrics", "SystemIO", "TestSupport",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "SinksTests",
      dependencies: [
        "Sinks", "Alerts", "Outbox", "PrometheusExport", "ClientHTTP", "ClientNIO", "Archive", "SampleStore", "Query",
        "AgentMetrics",
        "SystemIO",
        "CSnappy",
        "TestSupport",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "ArchiveTests",
      dependencies: [
        "Archive", "ArchiveTestSupport", "ArchiveWorkload", "SampleStore", "Query", "AgentMetrics", "SystemIO",
        "TestSupport",
      ],
      swiftSettings: settings),
    // A process of its own, to be killed and to be measured.
    .executableTarget(
      name: "ArchiveWorkload", dependencies: ["Archive", "ArchiveTestSupport", "AgentMetrics", "SystemIO"],
      path: "Tests/ArchiveWorkload", swiftSettings: settings),
    .target(
      name: "ArchiveTestSupport", dependencies: ["CollectDemo", "AgentMetrics"], path: "Tests/ArchiveTestSupport",
      swiftSettings: settings),
    .testTarget(name: "CollectDemoTests", dependencies: ["CollectDemo", "AgentMetrics"], swiftSettings: settings),
    .testTarget(
      name: "CollectGPUTests",
      dependencies: [
        "CollectGPULinux", "CollectGPU", "Collect", "KernelFiles", "AgentMetrics", "SystemIO", "TestSupport",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "APITests",
      dependencies: [
        "API", "Events", "Collect", "SampleStore", "Query", "AgentMetrics", "SystemIO", "TestSupport", "CZlib",
      ],
      exclude: ["Goldens"],
      swiftSettings: settings),
    .testTarget(
      name: "PrometheusTests",
      dependencies: [
        "API", "PrometheusExport", "NodeMetrics", "CollectNode", "KernelFiles", "CollectLinux", "CollectGPULinux",
        "CollectGPU",
        "CollectDemo", "Collect", "SampleStore", "AgentMetrics",
        "SystemIO", "TestSupport",
      ],
      exclude: ["Goldens"], swiftSettings: settings),
    .testTarget(
      name: "HTTPServerTests",
      dependencies: [
        "HTTPServer", "SocketServer", "ServerCore", "API", "Collect", "SampleStore", "AgentMetrics", "SystemIO",
        "TestSupport",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOTLS", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "RemoteTests",
      dependencies: [
        "Remote", "ClientHTTP", "ClientNIO", "API", "CollectDemo", "SampleStore", "Query", "AgentMetrics", "SystemIO",
        "TestSupport",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "DashboardTests",
      dependencies: [
        "NcursesTerminal", "VTTerminal", "Dashboard", "Collect", "SampleStore", "Query", "AgentMetrics", "SystemIO",
        "TestSupport",
      ],
      exclude: ["Goldens"], swiftSettings: settings),
    // The page in Chromium: scripts in Python, which the test runs.
    .testTarget(
      name: "PageTests", dependencies: ["agent", "SystemIO", "TestSupport"],
      exclude: ["accessibility.js", "agent.py", "browser.py", "page.py"], swiftSettings: settings),
    .testTarget(
      name: "AgentTests",
      dependencies: [
        "agent", "Dashboard", "Sinks", "ClientNIO", "Archive", "Remote", "SampleStore", "Query", "Collect",
        "CollectLinux", "PlatformUnsupported", "Platforms", "API",
        "AgentMetrics", "SystemIO", "TestSupport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      exclude: ["Goldens"], swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c17
)
