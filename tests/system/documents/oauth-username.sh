curl -iX POST 'https://api.socialidnow.com/v2/marketing/oauth/token' \
-d grant_type=password&username=john_doe&password=john_doe_secret \
--user 138:e8b9ca24f1b590af67e6271297d6e1f7226625d61c5b5daa1b2f215464e292cf
