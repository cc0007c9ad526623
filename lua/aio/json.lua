-- JSON for machines: json.encode(value), with the keys of objects in order.
local json = {}

local escapes = {
  ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r",
  ["\t"] = "\\t",
}

local function string_of(s)
  return '"' .. s:gsub('[%c"\\]', function(c)
    return escapes[c] or ("\\u%04x"):format(c:byte())
  end) .. '"'
end

-- Infinity and NaN are no JSON.
local function number_of(n)
  if n ~= n or n == math.huge or n == -math.huge then return "null" end
  return tostring(n)
end

local value_of

local function object_of(t, indent)
  local keys, parts, deeper = {}, {}, indent .. "  "
  for key in pairs(t) do keys[#keys + 1] = tostring(key) end
  table.sort(keys)
  for i, key in ipairs(keys) do
    parts[i] = ("%s%s: %s"):format(deeper, string_of(key),
      value_of(t[key], deeper))
  end
  return "{\n" .. table.concat(parts, ",\n") .. "\n" .. indent .. "}"
end

local function list_of(t, indent)
  local parts, deeper = {}, indent .. "  "
  for i, value in ipairs(t) do parts[i] = deeper .. value_of(value, deeper) end
  return "[\n" .. table.concat(parts, ",\n") .. "\n" .. indent .. "]"
end

local writers = {
  string = string_of, number = number_of, boolean = tostring,
  ["nil"] = function() return "null" end,
}

function value_of(value, indent)
  local write = writers[type(value)]
  if write then return write(value) end
  if next(value) == nil then return "[]" end
  return (#value > 0 and list_of or object_of)(value, indent)
end

-- Tables with a first element are lists, and so is the empty one.
function json.encode(value)
  return value_of(value, "")
end

return json
