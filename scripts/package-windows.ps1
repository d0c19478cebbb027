# On Windows: builds the agent, tries it, and packs it with Swift's libraries into dist\worker-monitoring-agent-windows.zip:
#   agent.exe, the libraries (*.dll), scripts\install-service.ps1, README.md, LICENSE
# It has not run yet.
#Requires -Version 5.1
$ErrorActionPreference = 'Stop'
$root = Split-Path $PSScriptRoot
$folder = Join-Path $root 'dist\worker-monitoring-agent'
$archive = "$folder-windows.zip"

Set-Location $root
& swift build -c release --product agent
if ($LASTEXITCODE -ne 0) { throw 'the build failed' }

# The installer puts the folder of Swift's libraries on PATH.
$core = & where.exe swiftCore.dll | Select-Object -First 1
if (-not $core) { throw 'no swiftCore.dll on PATH' }
if (Test-Path -LiteralPath $folder) { Remove-Item -LiteralPath $folder -Recurse }
New-Item -ItemType Directory -Path (Join-Path $folder 'scripts') | Out-Null
Copy-Item -Path (Join-Path (Split-Path $core) '*.dll') -Destination $folder
Copy-Item -LiteralPath '.build\release\agent.exe', 'README.md', 'LICENSE' -Destination $folder
Copy-Item -LiteralPath 'scripts\install-service.ps1' -Destination (Join-Path $folder 'scripts')

& (Join-Path $folder 'agent.exe') --once --json
if ($LASTEXITCODE -ne 0) { throw 'agent.exe --once failed' }
Compress-Archive -Path "$folder\*" -DestinationPath $archive -Force
Write-Output $archive
