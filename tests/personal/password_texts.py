"""Ways to give a password, and texts that speak of passwords and give none.

The latter were written before the rules; those in English from `PASS:` on, and the last in Chinese, after version 8,
which found passwords in them; from `Ski pass` on, with version 10; lengths with version 11.

Rates: `PYTHONPATH=tests python -m personal.password_texts` (made-up values, counts only).
"""

from __future__ import annotations

import string
import sys
from collections.abc import Callable
from random import Random

from moderation.personal.find import find

ASSIGNED = (
    "password={}",
    "DB_PASSWORD={}",
    'password = "{}"',
    "  password: {}\n  host: db",
    '{{"user": "bob", "password": "{}"}}',
    "Server=db;Uid=app;Pwd={};Database=x",
    "export MYSQL_ROOT_PASSWORD='{}'",
    "JWT_SECRET={}",
    "os.environ['DB_PASSWORD'] = '{}'",
    'client.login(user="bob", password="{}")',
    "<password>{}</password>",
    "CREATE USER bob IDENTIFIED BY '{}'",
    'setPassword("{}")',
    "login --password {} --host db",
    "passwd => '{}',",
)
ENGLISH = (
    "my password is {}",
    "the password's {}, ok",
    "password {}",
    "The password for the wifi is {} by the way",
    "user bob, password: {}",
    "I changed my password to {}",
)
CHINESE = (
    "密码是{}",
    "我的密码：{}，别告诉别人",
    "账号bob密码{}",
    "密码改成{}了",
    "wifi密码为 {} ",
    "默认密码设为{}。",
)
FORMS = (*ASSIGNED, *ENGLISH, *CHINESE)


def _draw(random: Random, alphabet: str, count: int) -> str:
    return "".join(random.choice(alphabet) for _ in range(count))


def _with(random: Random, extra: str) -> str:
    """Ten letters and two of these among them."""
    letters = list(_draw(random, string.ascii_letters, 10))
    for _ in range(2):
        letters.insert(random.randint(1, len(letters) - 1), random.choice(extra))
    return "".join(letters)


VALUES: dict[str, Callable[[Random], str]] = {
    "small letters": lambda random: _draw(random, string.ascii_lowercase, 10),
    "mixed letters": lambda random: _draw(random, string.ascii_letters, 10),
    "digits": lambda random: _with(random, string.digits),
    "signs": lambda random: _with(random, "!@#$%^&*+-_="),
}

HARMLESS_ENGLISH = """
the password must contain letters
The password is required
Your password is incorrect, please try again
password reset link
Password reset instructions were sent
password forgotten
Forgot password? Click here
password strength meter
The password field cannot be empty
password manager recommendations
password is case-sensitive
My password is expired
the password's expired, ok
the password's complexity matters
The password's plaintext length is checked
the password for the admin account is stored hashed
The password for the database is encrypted using bcrypt
the password is alphanumeric
The password is hashed with PBKDF2-HMAC-SHA256
the password is SHA256-hashed
Passwords should be salted
I changed my password to something stronger
I changed my password to uppercase letters
Change your password to continue
Set the password to anything you like
password protected spreadsheet
password cracking with hashcat
password spraying explained
password authentication failed for user postgres
passwordless login
password: required
password: optional
Password: incorrect
Password: ********
Password: [hidden]
Password: (none)
password: <password>
Password: Bitwarden, KeePassXC or LastPass?
password = None
password=null
password = ""
password: str
password: SecretStr
password: Optional[str] = None
password: string;
password?: string
password VARCHAR(255) NOT NULL
password NVARCHAR(255)
password=changeme
password=your_password
password=YOUR_PASSWORD_HERE
password=${DB_PASSWORD}
password=$DB_PASSWORD
password=$DBPWD
password=%DBPASSWD%
password={{ vault_db_password }}
password = os.environ["DB_PASSWORD"]
password = os.getenv("DB_PASSWORD")
password = getpass.getpass("Password: ")
password = request.form.password
password = cfg.db.pwd
password = userPwd
password=strUserPassword
password = hashlib.sha256(raw)
password = generate_password(length)
password=args.password
this.password = password;
self.password = passwd
const password = crypto.randomBytes
passwordHash = bcrypt.hash
"password": "Contraseña"
"password": "Passwort"
"password": "Mot de passe"
"password": "wachtwoord"
Passwort: erforderlich
password: obligatoire
"password": "obbligatorio"
"password": {"type": "string"}
password: !vault
password: !Ref DatabasePassword
password_file: /run/secrets/db_password
password=/run/secrets/db_password
SECRET_KEY=changeme
SECRET_KEY=your-secret-key
SECRET_KEY = env("SECRET_KEY")
SECRET_KEY=django-insecure-placeholder
secret: kubernetes-dashboard-token
secretName: my-database-credentials
The secret is patience
the secret's revealed
the secret: simplicity
The secret is out of the bag
token: invalid
token = localStorage.getItem
access token: expired
api key: missing
api_key=process.env.API_KEY
api_key: configuration
The API key is configured server-side
bearer authentication
Bearer internationalization
pass: successful
pass=True
The bypass is straightforward
password, username and mailbox
Enter your username/password
password-protected
the password is wrong
--password PASSWORD
--password-file credentials
curl -u username:password https://a.b
mysql -u root -p database
password for kubernetes clusters
password: minlength=8
What is the password of the router?
Is the password really necessary?
password autofill doesn't work in Firefox
Password must be at least 8 characters
Password1 and password2 do not match
password policy: minimum
passphrase is misspelled
My password is unforgettable
IDENTIFIED BY 'password'
<password>password</password>
<input type="password" name="password" placeholder="Password">
setPassword("password")
setPassword(newPassword)
PASS: test-utf8-codepoint
PASS: libgomp.c/atomic-1.c
PASS: gcc.dg/vect/pr65947-12.c execution test
--- PASS: TestUtf8Codepoint (0.00s)
pass: tests/test_utf8.py
PASS: test1
unzip -p bdqwxz.zip
zip -r -p qwrtzxcv.zip
7z x -p bdqwxz.7z
scp -P qwrtzxcv9A host
send the password to Szczepanski
I gave the password to mbrzezinski
secret: Uint8Array
password: Float64Array
secret: kubectl create
password = internationalisation
api_key: qqqqzzxw
"password": "Adgangskode"
"password": "salasana"
redis://:@cache:6379/0
redis://:$REDIS_PASSWORD@cache:6379/0
redis://:password@cache:6379/0
http://:8080/a@b.c
Ski pass: 4days
Bus pass: 7day
Day pass: 2adults
The secret: 10minutes a day
the secret is 2cups of flour
the secret: 3steps to success
pass: user2, fail: user7
pass: login3; skipped: login4
change the password hash to sha256
I changed the password field to input12
send the password to desk22
switch the password to base64
the passcode length is 12345
the passcode for the year is 2024
the passcode for the door is 48213 characters
The password for the exam is 8 characters
the password count for users is 120000
Password: 8-20 characters
Password (required): 8-20 characters
New password: 8–64 chars
Password: 8~20 letters or numbers
Password: 8-20 alphanumeric characters
Password: 8-20 upper and lower case letters
password = 8-20 (characters)
Passcode: 12-16digits
Password: 8to20 characters
Password: 8-to-20 characters
Password: min.8 characters
Password: >=12 characters
Password: 8characters
Password: 12-digits
Password: 8-20characters/digits
<input placeholder="Password: 8-20 characters">
password: "8-20 characters"
password: '8-20chars'
Password is 10-30 symbols, no blanks
"""
HARMLESS_CHINESE = """
密码错误请重试
密码错误，请重新输入
请输入密码
密码重置链接已发送
忘记密码怎么办
密码必须包含字母和数字
密码不能为空
密码是什么？
密码是必填项
密码：必填
密码：********
密码：（空）
密码为null
密码是null
密码：none
密码是password
密码是admin
密码字段是string类型
密码为String类型
密码是用MD5加密的
密码用bcrypt加密
密码用SHA256哈希
密码是Base64编码
密码使用RSA传输
密码由HMAC-SHA256保护
密码管理器推荐Bitwarden
密码管理器用KeePassXC还是LastPass
密码学中的Enigma
密码是OK的
密码改成功了
密码改为required
密码设为changeme
密码设置为${PASSWORD}
密码请看README
密码在config.yaml里
密码保存在application.properties
密码从os.environ读取
密码框用input标签
密码强度：medium
密码强度校验regex
密码是大小写敏感case-sensitive
密码输错会弹出alert
WiFi密码怎么改
wifi密码忘了
路由器的密码是多少
密码password字段
密码passwordHash
密码验证失败unauthorized
密钥：未设置
密钥是public的
令牌：invalid
令牌token过期
口令：芝麻开门
口令是什么
密码：your_password
密码：<password>
密码=request.getParameter
密码：XXXXXX
密碼錯誤
密码是WPA2-PSK加密
密码就是 Wi-Fi 密码
请输入密码：6-20位字符
密码：8-16位
密码：8-16 位
密码: 8～16位字母、数字组合
密码：6—20个字符
登录密码：8-20字符
密碼：6-20個字元
口令：10-20字
密码：8-16数字或字母
密码是8-20位
密码为6-18码
设置密码（密码：6-16英文或数字）
密码 12-64位字符以内
密码：8-20characters
密码：10-20（位）
"""
HARMLESS = [line for line in (*HARMLESS_ENGLISH.split("\n"), *HARMLESS_CHINESE.split("\n")) if line.strip()]


def filled(form: str, value: str) -> tuple[str, tuple[int, int]]:
    """A way of giving, with the value in it, and where that stands."""
    before, _, after = form.replace("{{", "\0").partition("{}")
    before, after = before.replace("\0", "{"), after.replace("}}", "}")
    return before + value + after, (len(before), len(before) + len(value))


def found_of(form: str, name: str, each: int = 50, seed: int = 7) -> int:
    """How many of so many made-up values are found where they stand, at 0.5 or more."""
    random, count = Random(f"{seed}-{name}"), 0
    for _ in range(each):
        text, span = filled(form, VALUES[name](random))
        count += any(one.span == span and one.secret and one.score >= 0.5 for one in find(text))
    return count


def main() -> None:
    """Prints the rates."""
    for form in FORMS:
        sys.stdout.write(f"{form!r:60} " + " ".join(f"{found_of(form, name):3}" for name in VALUES) + "\n")
    for texts in (HARMLESS_ENGLISH, HARMLESS_CHINESE):
        lines = [line for line in texts.split("\n") if line.strip()]
        wrong = [line for line in lines if any(one.score >= 0.5 for one in find(line))]
        sys.stdout.write(f"harmless with a find: {len(wrong)} of {len(lines)}: {wrong}\n")


if __name__ == "__main__":
    main()
