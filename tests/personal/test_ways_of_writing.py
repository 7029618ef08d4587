"""Ways to write a number, an account or a password that the plain forms do not have, and what only looks like them."""

from __future__ import annotations

from support.given_away import GivenAwayContract

from moderation.personal.find import find, held_back

ID = "11010519491231002X"
CODE = "91350100M000100Y43"
CARD = "4111111111111111"
UUID = "0a1b2c3d-4e5f-6a7b-8c9d-0e1f2a3b4c5d"
TOKEN = "0a1b2c3d4e5f6789" * 4
ENGLISH = "Room 1203, Building 5, No. 88 Jianguo Road, Chaoyang District, Beijing"

FOUND = [
    ("身份证：1 1 0 1 0 5 1 9 4 9 1 2 3 1 0 0 2 X", "cn_resident_id", "1 1 0 1 0 5 1 9 4 9 1 2 3 1 0 0 2 X"),
    ("1 1 0 1 0 5 1 9 4 9 1 2 3 1 0 0 2 X", "cn_resident_id", "1 1 0 1 0 5 1 9 4 9 1 2 3 1 0 0 2 X"),
    ("1.1.0.1.0.5.1.9.4.9.1.2.3.1.0.0.2.X 好", "cn_resident_id", "1.1.0.1.0.5.1.9.4.9.1.2.3.1.0.0.2.X"),
    ("3 1 1 0 1 0 5 1 9 4 9 1 2 3 1 0 0 2 X", "cn_resident_id", "1 1 0 1 0 5 1 9 4 9 1 2 3 1 0 0 2 X"),
    ("证件 110 105 1949 1231 002X。", "cn_resident_id", "110 105 1949 1231 002X"),
    ("110105.19491231.002X", "cn_resident_id", "110105.19491231.002X"),
    ("110105·1949·1231·002X", "cn_resident_id", "110105·1949·1231·002X"),
    ("110105\n19491231002X", "cn_resident_id", "110105\n19491231002X"),
    ("110105194912\r\n31002X", "cn_resident_id", "110105194912\r\n31002X"),
    (f"abc{ID}", "cn_resident_id", ID),
    (f"ID_{ID}", "cn_resident_id", ID),
    (f"sfz{ID}", "cn_resident_id", ID),
    ("永久居留身份证911124198108030024", "cn_resident_id", "911124198108030024"),
    ("911124198108030024", "cn_resident_id", "911124198108030024"),
    ("税号 9135 0100 M000 100Y 43。", "cn_social_credit_code", "9135 0100 M000 100Y 43"),
    ("9135 0100 M000 100Y 43", "cn_social_credit_code", "9135 0100 M000 100Y 43"),
    ("信用代码 91-350100-M000100Y4-3", "cn_social_credit_code", "91-350100-M000100Y4-3"),
    ("信用代码 9.1.3.5.0.1.0.0.M.0.0.0.1.0.0.Y.4.3", "cn_social_credit_code", "9.1.3.5.0.1.0.0.M.0.0.0.1.0.0.Y.4.3"),
    (f"USCC_{CODE}", "cn_social_credit_code", CODE),
    (f"公司abc{CODE}", "cn_social_credit_code", CODE),
    ("4111.1111.1111.1111", "bank_card", "4111.1111.1111.1111"),
    ("4111·1111·1111·1111 好", "bank_card", "4111·1111·1111·1111"),
    ("卡号 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "bank_card", "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"),
    ("卡号：4-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1。", "bank_card", "4-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1"),
    ("我的银行卡 41111 11111 111111", "bank_card", "41111 11111 111111"),
    (f"card{CARD}", "bank_card", CARD),
    (f"visa_{CARD}", "bank_card", CARD),
    ("车牌号是京 A 12345", "cn_plate", "京 A 12345"),
    ("京A123 45", "cn_plate", "京A123 45"),
    ("车牌京A·1 2 3 4 5", "cn_plate", "京A·1 2 3 4 5"),
    ("WJ京12345", "cn_plate", "WJ京12345"),
    ("WJ 京 1234X 的车", "cn_plate", "WJ 京 1234X"),
    ("使014578", "cn_plate", "使014578"),
    ("那辆车的车牌是使014578", "cn_plate", "使014578"),
    ("车牌贵A12345元旦限行", "cn_plate", "贵A12345"),
    ("张三@qq.com", "email", "张三@qq.com"),
    ("请发给张三@qq.com，谢谢", "email", "张三@qq.com"),
    ("联系王小明@163.com即可", "email", "王小明@163.com"),
    ("邮箱：小明同学@example.cn", "email", "小明同学@example.cn"),
    ("müller@web.de", "email", "müller@web.de"),
    ("иван@почта.рф", "email", "иван@почта.рф"),
    ("foo@bar.中国", "email", "foo@bar.中国"),
    ("发到foo@例子.中国谢谢", "email", "foo@例子.中国"),
    ("foo@bücher.de", "email", "foo@bücher.de"),
    ("加V：abc12345", "wechat_id", "abc12345"),
    ("加Ｖ abc12345", "wechat_id", "abc12345"),
    ("v信 abc12345", "wechat_id", "abc12345"),
    ("+V信：abc_xyz", "wechat_id", "abc_xyz"),
    ("password=correcthorsebatterystaple", "password", "correcthorsebatterystaple"),
    ("DB_PASSWORD='correcthorsebatterystaple'", "password", "correcthorsebatterystaple"),
    ("-pSecret123!", "password", "Secret123!"),
    ("mysql -u root -pSecret123!", "password", "Secret123!"),
    ("sshpass -p 'Secret123!' ssh me@host", "password", "Secret123!"),
    ("mongo --password Secret123!", "password", "Secret123!"),
    ("身份证号：四四零三零六一九八八零二一四三三二二", "cn_resident_id", "四四零三零六一九八八零二一四三三二二"),
    ("四四零三零六一九八八零二一四三三2二", "cn_resident_id", "四四零三零六一九八八零二一四三三2二"),
    ("QQ号：一二三四五六七八", "qq_number", "一二三四五六七八"),
    ("加q 12345678", "qq_number", "12345678"),
    ("加我Q：12345678", "qq_number", "12345678"),
    ("电话：138 1234 56 78", "cn_mobile", "138 1234 56 78"),
    ("tel 1381234 5678", "cn_mobile", "1381234 5678"),
    ("邮箱 123456@qq点com", "email", "123456@qq点com"),
    ("john%40mail.com", "email", "john%40mail.com"),
    ("https://x.cn/?e=john%40mail.com&b=1", "email", "john%40mail.com"),
    ("my mail is j o h n @ m a i l . c o m today", "email", "j o h n @ m a i l . c o m"),
    ("ｊ ｏ ｈ ｎ ＠ ｍａｉｌ．ｃｏｍ", "email", "ｊ ｏ ｈ ｎ ＠ ｍａｉｌ．ｃｏｍ"),
    ("curl -u admin:Xk29sllq https://a.b", "password", "Xk29sllq"),
    ("curl -s --user 'bob:hunter2!' https://a.b", "password", "hunter2!"),
    ("Authorization: Basic dXNlcjpwYXNzd29yZDEyMw==", "password", "dXNlcjpwYXNzd29yZDEyMw=="),
    (f"地址: {ENGLISH}", "street_address", ENGLISH),
    (f"{ENGLISH} 100020.", "street_address", f"{ENGLISH} 100020"),
    ("No. 88 Jianguo East Road, Chaoyang District", "street_address", "No. 88 Jianguo East Road, Chaoyang District"),
    (
        "Rm 502, 12/F, Tower B, No.15 Keyuan Rd, Shenzhen",
        "street_address",
        "Rm 502, 12/F, Tower B, No.15 Keyuan Rd, Shenzhen",
    ),
    *(
        (f"发到 {address}。", "api_key", address)
        for address in (
            f"https://open.feishu.cn/open-apis/bot/v2/hook/{UUID}",
            f"https://open.feishu.cn/open-apis/bot/hook/{TOKEN[:32]}",
            f"open.larksuite.com/open-apis/bot/v2/hook/{UUID}",
            f"https://oapi.dingtalk.com/robot/send?access_token={TOKEN}",
            f"HTTPS://OAPI.DingTalk.com/robot/send?timestamp=17000&sign=aB%2B3&access_token={TOKEN}",
            f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={UUID}",
            f"qyapi.weixin.qq.com/cgi-bin/webhook/send?debug=1&key={UUID}",
            "https://hooks.slack.com/services/T024BE7LD/B024BE7LE/aB3xYzQ9wErTy12345678AbC",
            "https://hooks.slack.com/triggers/T024BE7LD/1234567890123/aB3xYzQ9wErTy12345678AbC",
            "https://discord.com/api/webhooks/123456789012345678/" + "aB3-_xYz" * 8 + "abcd",
            "https://ptb.discordapp.com/api/v10/webhooks/123456789012345678/" + "aB3-_xYz" * 8 + "abcd",
        )
    ),
    ("10 Downing Street, London SW1A 2AA", "street_address", "10 Downing Street, London SW1A 2AA"),
    ("I live at 221B Baker Street, London, NW1 6XE.", "street_address", "221B Baker Street, London, NW1 6XE"),
    ("Flat 2, 15 High Street\nOxford\nOX1 4AA", "street_address", "Flat 2, 15 High Street\nOxford\nOX1 4AA"),
    ("12-14 Park Rd., Stoke-on-Trent ST4 2RN", "street_address", "12-14 Park Rd., Stoke-on-Trent ST4 2RN"),
    ("my postcode is M1 1AE", "street_address", "M1 1AE"),
    ("post code: ec1a1bb", "street_address", "ec1a1bb"),
    ("邮编：SW1A 1AA", "street_address", "SW1A 1AA"),
    ("10 downing street, london sw1a 2aa", "street_address", "sw1a 2aa"),
    ("Address: The Old Rectory, Church Lane, Oxford OX1 4AA", "street_address", "OX1 4AA"),
    ("联系人赵敏@公司.公司", "email", "赵敏@公司.公司"),
    ("my email is work at google dot com", "email", "work at google dot com"),
    ("john at gmail dot com dot Please write", "email", "john at gmail dot com"),
    ("see @alice/john@gmail.com", "email", "john@gmail.com"),
    ("住在天河区体育西路103号维多利广场B塔", "cn_address", "天河区体育西路103号维多利广场B塔"),
    ("天河区体育西路103号维多利广场东塔1203室", "cn_address", "天河区体育西路103号维多利广场东塔1203室"),
]
NONE = [
    "贵A12345元",
    "这个太贵A12345块",
    "qq 10000 人",
    "qq群 2000人",
    "即使100000人来",
    "使200000",
    "豫A123 45分钟",
    "1 3 8 1 2 3 4 5 6 7 8 9 0 1 2 3",  # longer than a telephone number
    "0 1 3 8 1 2 3 4 5 6 7 8",
    "1 1 0 1 0 5 1 9 4 9 1 2 3 1 0 0 2 7",  # a wrong check digit
    f"{ID}0",
    f"7{ID}",
    f"{ID}b",
    "110105/1949/1331/002X",  # no such month
    "9134 0100 M000 100Y 44",
    "9135 0100 2300 1234 43",
    "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",  # nothing says that it is a card
    f"status_{CARD}",
    "卡号 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2",
    "微博关注@qq.com",
    "邮箱后缀是@qq.com",
    "邮箱格式为 姓名@公司.com",
    "企业邮箱是 后缀@qq.com",
    "今天@bar.中",
    "加VIP123456",
    "加v我吧，谢谢你了",
    "password=current_password",
    "password=hashedpasswordvalue",
    "password=required",
    "password=getpasswordfromvault(x)",
    "mkdir -p Foo123!bar",
    "docker run -p 127.0.0.1:8080:80 -p8080:80",
    "find . -print0 -path ./Foo1 -pthread",
    "ps -p12345",
    "身份证号：四四零三零六一九八八零二一四三三二三",  # a wrong check digit
    "身份证号：四四零三零六一九八八零二一四三三二二一",
    "QQ号一二三",
    "加q我吧",
    "加quick 12345",
    "共 138 1234 56 78 元",
    "电话 138 1234 56 78 90",
    "联系 1500 2000 300",
    "400-800-1234 免费电话",
    "电话400-800-1234",
    "UTC+8613800000000",
    "UTC+13800000000",
    "a b c @ home",
    "50%40 of them",
    "docker run -u 1000:1000 -u name:group image",
    "curl -u admin:password https://a.b",
    "Basic knowledge of things, basic authentication",
    "Basic QmFzaWNhbGx5d29yZHM=",  # no colon in it
    "Unit 4, Sesame Street",
    "See Floor 2, Main Street. No. 10 Downing Street.",
    "维多利广场B塔很高",
    "Looking at the dot com bubble of 2000",
    "look at the dot com boom",
    "I work at google dot com",
    "I was at home dot dot",
    "import @angular/core@latest.version",
    "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "https://open.feishu.cn/open-apis/bot/v2/hook/xxxxxxxxxxxxxxxxxxx",
    f"https://open.feishu.cn/open-apis/bot/v2/hook/{UUID}1",
    "https://oapi.dingtalk.com/robot/send?access_token=YOUR_TOKEN",
    f"https://oapi.dingtalk.com/robot/list?page={UUID}",
    "https://discord.com/api/webhooks/100000000000000001",
    "Part no M1 1AE fits, as does the E10 2GB model",
    "I waited 10 minutes in the park. B12 3AB",
    "3 cars on the road and bus M1 1AE",
    "postcode QQ1 2AA, post code M1 1CK",  # no such area; no such letters
    "the address of the E10 2GB model",
]


class TestWaysOfWriting(GivenAwayContract):
    found = FOUND
    none = NONE


def test_a_telephone_number_digit_by_digit_still_is_one() -> None:
    for text in ("电话 1 3 8 1 2 3 4 5 6 7 8", "86 1 3 8 1 2 3 4 5 6 7 8", "找我 1-3-8-1-2-3-4-5-6-7-8。"):
        assert [one.kind for one in find(text)] == ["cn_mobile"]


def test_an_ordinary_sentence_is_not_held_for_a_name_before_an_at_sign() -> None:
    for text in ("他昨天去了北边", "这件事大家都很清楚", "我们走到那里"):
        assert held_back(text) == len(text)
