#!/bin/sh
# A scripted session of the fga CLI: session.sh FGA API_URL MODEL. One line for each step; ids and times are left out.
set -eu
fga=$1
export FGA_API_URL=$2
model=$3

field() { sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\)\"\{0,1\}.*/\1/p" | head -1; }
flat() { tr -d ' \n'; }

FGA_STORE_ID=$("$fga" store create --name cli-session | field id)
export FGA_STORE_ID
echo "store: created"
FGA_MODEL_ID=$("$fga" model write --file "$model" --format json | field authorization_model_id)
export FGA_MODEL_ID
"$fga" tuple write user:anne viewer document:1 >/dev/null
"$fga" tuple write user:anne viewer document:2 >/dev/null
"$fga" tuple write user:bert owner document:1 >/dev/null
# With UNTIL_LOCAL set, waits until the edge has copied the store and answers by itself; half a minute at most.
question='{"tuple_key":{"user":"user:anne","relation":"viewer","object":"document:1"}}'
tries=0
while [ -n "${UNTIL_LOCAL:-}" ] && [ $tries -lt 600 ]; do
  if curl -s -o /dev/null -D - -d "$question" "$FGA_API_URL/stores/$FGA_STORE_ID/check" | grep -qi '^rsfga-served-by: local'; then break; fi
  tries=$((tries + 1))
  sleep 0.05
done
for user in anne bert nobody; do
  echo "check $user: $("$fga" query check "user:$user" viewer document:1 | field allowed)"
done
echo "objects: $("$fga" query list-objects user:anne viewer document | grep -o 'document:[0-9]*' | sort | flat)"
echo "users: $("$fga" query list-users --object document:1 --relation viewer --user-filter user | grep -o '"id": *"[a-z]*"' | sort | flat)"
echo "expand: $("$fga" query expand viewer document:1 | field name)"
echo "read: $("$fga" tuple read --simple-output | grep -o '"[a-z]*:*[a-z0-9]*"' | sort | flat)"
if said=$("$fga" tuple write user:anne viewer document:1 2>&1); then echo "twice: went through"; else echo "twice: refused $(echo "$said" | grep -c 'already exist')"; fi
if said=$("$fga" query check user:anne nope document:1 2>&1); then echo "relation: went through"; else echo "relation: refused $(echo "$said" | grep -c 'not found')"; fi
"$fga" tuple delete user:anne viewer document:1 >/dev/null
echo "deleted: $("$fga" query check user:anne viewer document:1 | field allowed)"
"$fga" store delete --store-id "$FGA_STORE_ID" --force >/dev/null
echo "end: true"
