-- Words like the one that was typed.

-- The least number of letters to insert, drop, change or swap that makes b of
-- a.
local function distance(a, b)
  local before, row = nil, {}
  for j = 0, #b do
    row[j] = j
  end
  for i = 1, #a do
    local last, first = row, { [0] = i }
    row = first
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      local cost = same and 0 or 1
      row[j] = math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + cost)
      if before and a:byte(i) == b:byte(j - 1)
         and a:byte(i - 1) == b:byte(j) then
        row[j] = math.min(row[j], before[j - 2] + 1)
      end
    end
    before = last
  end
  return row[#b]
end

-- The words of the list that are near to word, the nearest first, at most n.
return function(word, list, n)
  local found = {}
  local low = word:lower():sub(1, 64)
  for _, w in ipairs(list) do
    local d = distance(low, w:lower())
    if d <= math.max(1, #low // 3) then
      found[#found + 1] = { word = w, distance = d }
    end
  end
  table.sort(found, function(a, b)
    if a.distance ~= b.distance then
      return a.distance < b.distance
    end
    return a.word < b.word
  end)
  local words = {}
  for i = 1, math.min(n, #found) do
    words[i] = found[i].word
  end
  return words
end
