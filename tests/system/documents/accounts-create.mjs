const response = await fetch('https://api.spaceinvoices.com/v1/Accounts/{id}/accessTokens', {
method: 'POST',
headers: {
'Authorization': 'ACCESS_TOKEN',
'content-type': 'application/json'
},
body: JSON.stringify({
ttl: 1209600,
scopes: ['string']
})
});
