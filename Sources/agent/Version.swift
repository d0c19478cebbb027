/// The program's version, as `--version`, the API and the metrics of the agent itself tell it.
let version = "0.1.0"
