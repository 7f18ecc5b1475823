-- Asks Hallpass about a request, and leaves the answer in variables of the transaction.
local CHECK = "http://127.0.0.1:8028/check?audience=https%3A%2F%2Fapi.example&origins=https%3A%2F%2Fapp.example"
local ASKED = { "authorization", "cookie", "origin", "sec-fetch-site" }
local TOLD = { "authorization", "hallpass-subject", "hallpass-session", "hallpass-client", "hallpass-scope", "www-authenticate" }

core.register_action("hallpass_check", { "http-req" }, function(txn)
  local sent = txn.http:req_get_headers()
  local headers = { ["x-forwarded-method"] = { txn.sf:method() } }
  for _, name in ipairs(ASKED) do
    local values = {}
    -- HAProxy counts them from 0.
    while sent[name] and sent[name][#values] do
      values[#values + 1] = sent[name][#values]
    end
    if #values > 0 then headers[name] = values end
  end
  local answer = core.httpclient():get({ url = CHECK, headers = headers, timeout = 5000 })
  txn:set_var("txn.hallpass_status", answer and answer.status or 0)
  for _, name in ipairs(TOLD) do
    local values = answer and answer.headers and answer.headers[name]
    txn:set_var("txn." .. name:gsub("-", "_"), values and (values[0] or values[1]) or "")
  end
end, 0)
