-- What a descriptor is, in words: its name, the kind of a nameless one, its
-- file system.
local aio = require "aio"

local filesystem = {}

-- From the kernel's linux/magic.h, where the table of mounts does not tell.
local magics = {
  [0xEF53] = "ext4", [0x58465342] = "xfs", [0x9123683E] = "btrfs",
  [0x01021994] = "tmpfs", [0x794C7630] = "overlay", [0x9FA0] = "proc",
  [0x62656572] = "sysfs", [0x6969] = "nfs", [0x65735546] = "fuse",
  [0xF2F52010] = "f2fs", [0x2FC12FC1] = "zfs", [0x858458F6] = "ramfs",
  [0xFF534D42] = "cifs", [0x01021997] = "9p", [0x73717368] = "squashfs",
}

-- Files that are made by the kernel itself, each as somebody saw fit.
filesystem.made_up = {
  proc = true, sysfs = true, debugfs = true, tracefs = true, nsfs = true,
  securityfs = true, cgroup = true, cgroup2 = true, bpf = true,
  configfs = true, efivarfs = true, pstore = true, binfmt_misc = true,
}

-- The type in the line of /proc/self/mountinfo that has this device.
local function mounted_as(dev)
  local mounts = dev and io.open("/proc/self/mountinfo")
  if not mounts then return nil end
  local found
  for line in mounts:lines() do
    if line:match("^%d+ %d+ (%S+)") == dev then
      found = line:match(" %- (%S+)")
    end
  end
  mounts:close()
  return found
end

local stored = { file = true, directory = true }

-- "ext4"; nil for what is on none (a pipe, a device).
function filesystem.name(facts)
  if not stored[facts.type] then return nil end
  return mounted_as(facts.dev) or magics[facts.magic]
    or facts.magic and ("file system 0x%x"):format(facts.magic)
end

-- "eventfd", "pipe", "block device", "file" ...
function filesystem.kind(facts)
  local path = facts.path or ""
  local inode = path:match("^anon_inode:%[?([%w_]+)%]?")
  if inode == "eventpoll" then return "epoll" end
  return inode or facts.type or "descriptor"
end

-- "a directory", "an epoll".
function filesystem.a(kind)
  return (kind:find("^[aeiou]") and "an " or "a ") .. kind
end

-- As its user named it, or as the kernel does; nil: it has no path. object is
-- what the request was given: a file of ours knows its path.
local function path_of(facts, object)
  local known, path = pcall(function() return object.path end)
  if known and type(path) == "string" then return path end
  return facts.path and facts.path:match("^/.*")
end

-- The name of the block device under a "254:0": "vda1", "zram0".
function filesystem.device(dev)
  local uevent = dev and io.open("/sys/dev/block/" .. dev .. "/uevent")
  if not uevent then return nil end
  local name = uevent:read("a"):match("DEVNAME=(%S+)")
  uevent:close()
  return name
end

-- What the file of this object or number is, with its kind, its fs, and two
-- ways to call it: label ("data.bin", or "fd 3" where it has no name), and
-- title ("fd 3 (data.bin)").
function filesystem.facts(fd, object)
  local facts = aio.facts(fd)
  local number = "fd " .. facts.fd
  local path = facts.open and path_of(facts, object)
  facts.kind = facts.open and filesystem.kind(facts)
  facts.fs = facts.open and filesystem.name(facts)
  facts.label = path or number
  facts.title = path and ("%s (%s)"):format(number, path) or number
  return facts
end

return filesystem
