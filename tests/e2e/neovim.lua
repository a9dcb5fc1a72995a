-- A session driven from Neovim: its own client against the sidecar, documents and saves by its own hand.
-- Ends with exit code 0, or prints what went wrong and ends with 1.
-- A busy machine answers late.
local PATIENCE_MS = 60000

local function ask(client, method, params)
  local answer, why = client.request_sync(method, params or vim.empty_dict(), PATIENCE_MS, 0)
  assert(answer, method .. ': ' .. tostring(why))
  assert(not answer.err, method .. ': ' .. vim.inspect(answer.err))
  return answer.result
end

local function drive()
  local folder, python, spool = vim.env.SHOP, vim.env.SIDECAR_PYTHON, vim.env.SIDECAR_SPOOL
  vim.cmd('edit ' .. vim.fn.fnameescape(folder .. '/prices.py'))
  local buffer = vim.api.nvim_get_current_buf()
  local id = vim.lsp.start_client({
    name = 'patchtrail',
    cmd = { python, '-m', 'patchtrail', 'serve', '--spool', spool },
    root_dir = folder,
    init_options = { settings = { folders_allowed = { folder } } },
    handlers = { ['patchtrail/session/state'] = function() end },
  })
  assert(id, 'no client')
  local client = vim.lsp.get_client_by_id(id)
  assert(vim.wait(PATIENCE_MS, function() return client.initialized end, 50), 'not initialized')
  assert(vim.wait(PATIENCE_MS, function()
    local answer = client.request_sync('patchtrail/consent/read', vim.empty_dict(), 2000, 0)
    return answer and answer.result
  end, 200), 'no answer')
  local consent = ask(client, 'patchtrail/consent/read').consent
  local gate = ask(client, 'patchtrail/facts/report',
    { is_telemetry_enabled = true, is_workspace_trusted = true, consent = consent })
  assert(gate.is_allowed, vim.inspect(gate.reasons))
  ask(client, 'patchtrail/session/start', { root_uri = vim.uri_from_fname(folder), task_id = 'NVIM-1' })
  assert(vim.lsp.buf_attach_client(buffer, id), 'not attached')
  vim.api.nvim_buf_set_lines(buffer, 1, 2, true, { '    return sum(price for _, price in items)' })
  vim.cmd('write')
  ask(client, 'patchtrail/note/add', { kind = 'decision', text = 'Sum from zero.' })
  ask(client, 'patchtrail/session/end')
  client.stop()
  vim.wait(5000, function() return vim.lsp.client_is_stopped(id) end, 50)
end

local ok, why = pcall(drive)
if not ok then print(why) end
vim.cmd(ok and 'qa!' or 'cq!')
