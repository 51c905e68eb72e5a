curl --location --request GET 'https://sandbox.sample/Token' \
--header 'Content-Type: application/json' \
--data-urlencode 'grant_type=password' \
--data-urlencode 'username=username' \
--data-urlencode 'password=password'
