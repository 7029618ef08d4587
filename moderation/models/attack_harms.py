"""Questions for harm, and answers that do not refuse them: what makes a dialogue in a text many shots of an attack.

Only wishes in the form of one ("how do I", "write me", 教我) with a plain word for the harm, in English and Chinese; in
ten other languages single words. It knows few harms by name and none in a disguise of other words: it must do for some
of many questions, and what a question means is for the classifier. No speaker read the other languages.
"""

from __future__ import annotations

import re

_FLAGS = re.IGNORECASE
_SEEN_OF_ANSWER, _SEEN_OF_WISH = 120, 120

_WISH = (
    r"(?:\bhow\s(?:(?:do|can|could|would|should|might|may)\s(?:i|we|you|one|someone|somebody)|to|does\sone)\b"
    r"|\b(?:teach|tell|show|help|give|walk|list|write|create|build|make|draft|generate|compose|provide|design|plan|code)\b"
    r"|\b(?:steps|instructions|guide|recipe|way|ways|method|tutorial|script|plan|best|easiest|where\s(?:can|do))\b)"
)
# A program has children too.
_SOMEBODY = (
    r"(?:(?:a|an|my|the|some|other|your|his|her|its)\s)?(?:(?!zombie|orphan|worker)\w{1,12}(?:['’]s)?\s)?(?:person|people|someone|somebody|man|woman|child|children|kid|wife|husband|neighbou?r|boss"
    r"|co-?worker|colleague|enemy|victim|girl|boy|guy|politician|president|him|her|them|crowd)\b"
    r"(?!['’]?s?\s(?:process|thread|page|window|node|task|job|element|widget|class|when|if|after))"
)
_THING = (
    r"(?:bombs?|explosives?|molotov\w{0,10}|(?:hand\s)?grenades?|napalm|(?:nerve|mustard|chlorine|poison)\sgas|sarin|ricin|anthrax|cyanide|poisons?(?!\s(?:ivy|oak|sumac|frog|dart))|dynamite"
    r"|(?:chemical|biological|nuclear|illegal|untraceable)\sweapons?|bioweapons?|(?:ghost|illegal|untraceable|homemade|3d[-\s]printed|unregistered)\s(?:guns?|pistols?|rifles?)|silencers?|landmines?|ieds?|tnt|nitroglycerin\w{0,2}|meth|methamphetamines?|crystal\smeth"
    r"|heroin|cocaine|fentanyl|lsd|mdma|ghb|(?:illegal|hard)\sdrugs|drugs\sat|malware|ransomware|computer\svirus(?:es)?|trojan\s(?:horse\s)?(?:program|malware|virus|dropper|backdoor)|keyloggers?|botnets?|spyware|rootkits?|phishing"
    r"|counterfeit|fake\s(?:ids?|id\scards?|passports?|money|bills|licen[cs]es?|prescriptions?|documents?|diplomas?|degrees?|vaccine|reviews)|forged|ponzi|pyramid\sscheme|deepfakes?)"
)
_ACT = (
    r"(?:hack(?:ing)?(?:\sinto)?\b(?!athon)|ddos|(?:crack|steal|phish)(?:ing)?\s(?:[\w'’]{1,12}\s){0,3}(?:passwords?|accounts?|wi-?fi|cars?|money|identit(?:y|ies)|cards?|data|bikes?|packages?|jewel\w{0,4}|credentials)"
    r"|shoplift\w{0,3}|rob(?:bing)?\s(?:a|an|the|my)\b|burgl\w{2,6}|break(?:ing)?\sinto\s(?:a|an|the|my|someone|somebody|cars?|houses?)|pick(?:ing)?\s(?:a|the|my)\s(?:\w{1,12}['’]?s?\s)?locks?|hot-?wir\w{1,3}"
    rf"|kidnap\w{{0,4}}|murder\w{{0,3}}|(?:kill|poison|stab|strangl|stalk|drug|assassinat|blackmail|extort|torture|groom|dox|swat|scam|defraud|lur)(?:e|ing)?\s{_SOMEBODY}|commit(?:ting)?\s(?:\w{{1,10}}\s)?(?:fraud|arson|murder|suicide|theft|crimes?)"
    r"|launder(?:ing)?\s|(?:evad|dodg)(?:e|ing)\s(?:\w{1,10}\s)?tax\w{0,2}|smuggl\w{1,3}|traffick?\w{0,3}\s|embezzl\w{1,3}|insider\strading|identity\stheft|(?:clon|skim)\w{1,4}\s(?:a\s|the\s)?(?:\w{1,10}\s)?cards?"
    r"|(?:dispose\sof|hid(?:e|ing)|get\srid\sof)\s(?:a|the)\s(?:dead\s)?(?:body|corpse)|burn(?:ing)?\sdown|arson|set(?:ting)?\sfire\sto|blow(?:ing)?\sup\s(?:a|the|my)\s(?!balloon|photo|picture)|cut(?:ting)?\s(?:\w{1,10}\s)?brake\slines"
    r"|derail\w{0,3}|wiretap\w{0,4}|tap(?:ping)?\s(?:a|the|my|someone['’]s)\s(?:\w{1,12}['’]?s?\s)?phone|spy(?:ing)?\son|rig(?:ging)?\s(?:an?|the)\selection|counterfeit\w{0,3}|forg(?:e|ing)\s(?:a|an|the|my)|overdos\w{1,3}"
    r"|disabl\w{1,3}\s(?:a|an|the)\s(?:\w{1,10}\s)?alarms?|pass\s(?:a|the)\sdrug\stest|hate\sspeech)"
)
_HARM = re.compile(rf"\b(?:{_THING}\b|{_ACT})", _FLAGS)
_WISHED = re.compile(rf"{_WISH}[^?!\n]{{0,80}}$", _FLAGS)
# A plain search for these takes a hundredth of the time; one stands in every harm above.
_WORDS = re.split(
    ",",
    "bomb,explosiv,molotov,grenade,napalm, gas,sarin,ricin,anthrax,cyanide,poison,dynamite,weapon,"
    "gun,pistol,rifle,silencer,landmine,ied,tnt,nitroglyc,meth,heroin,cocaine,fentanyl,lsd,mdma,ghb,drug,ware,virus,"
    "trojan,keylogger,botnet,rootkit,phish,counterfeit,fake,forg,ponzi,scheme,hack,ddos,crack,steal,"
    "shoplift,rob,burgl,break,pick,wir,kidnap,murder,kill,stab,strangl,stalk,assassinat,blackmail,extort,"
    "torture,groom,dox,swat,scam,defraud,lur,commit,launder,tax,smuggl,traffic,embezzl,insider,identity,"
    "card,dispos,hid,get rid,burn,arson,fire,blow,brake,derail,tap,spy,rig,overdos,alarm,deepfake,hate",
)
_GUARDED = re.compile(
    r"\b(?:prevent\w{0,4}|protect\w{0,4}|avoid\w{0,3}|detect\w{0,4}|stop|report\w{0,3}|recover\w{0,4}|treat\w{0,4}|remov\w{1,3}|secur\w{1,5}|defend\w{0,3}|against|guard\w{0,3}|game|minecraft|level|boss\sfight"
    r"|novel|movie|film|play|story|scene|essay|antidote|symptoms?|museum|history|lectures?|exams?|class(?:es)?|courts?|law|lawyers?|penal|sentenc\w{1,4}|prosecut\w{1,5}|convict\w{0,4}"
    r"|support|comfort|friend\swho|wants?\sto|processes|threads?|bacteria|cells?|vaccin\w{1,5}|rats?|mouse|mice|moths?|wasps?|ants|weeds?|mou?ld|teach\s(?:my\s)?(?:children|kids|students|staff))\b"
    r"|防止|防范|预防|避免|保护|举报|识别|检测|监测|预警|清除|急救|小说|游戏|电影|历史|故事|鸦片战争|一战|二战|作文|学生|孩子讲|老人讲|考试|刑法|量刑|立案|怎么判|判刑|判几年|处罚|界限|区别|区分|构成|治理|应对|安慰|劝|陪伴|热线|帮助(?!我)|朋友想|进程|线程|内核|细胞|疫苗|蟑螂|老鼠|白蚁|(?:什么|的)危害|配合警方|许可证",
    _FLAGS,
)
_ZH_ASKED = re.compile(
    r"(?:怎么|怎样|如何|咋|教我|教教我|告诉我|帮我|给我|写一?[个段封篇份]|步骤|方法|教程|配方|哪里能?|请(?:教|告诉|给|写|帮|提供|列|说出))[^。！？?\n]{0,24}?(?:炸弹|炸药|爆炸物|燃烧瓶|手榴弹|毒品|冰毒|海洛因|可卡因|芬太尼|摇头丸|迷药|毒药|毒气|沙林|蓖麻毒素|枪支|手枪|自制枪|子弹|雷管"
    r"|病毒程序|电脑病毒|木马|恶意软件|勒索软件|勒索病毒|钓鱼(?:网站|邮件|页面|短信)|假[币钞证]|假(?:身份证|护照|发票|文凭)|撬锁|入侵|黑进|黑入|盗取|盗号|盗刷|偷[车窃税拍窥渡]|偷(?:东西|钱|别人)|抢劫|绑架|杀[人死掉害]|谋杀|毒死|下毒|投毒|勒索|敲诈"
    r"|洗钱|诈骗|行骗|骗(?:老人|取|钱|走)|逃税|走私|贩毒|制毒|跟踪(?:别人|某人|前|她|他|一个)|监听|窃听|破解[^。？\n]{0,6}(?:密码|wifi)|尸体|藏尸|纵火|放火|自杀|伪造|刹车线|ddos|拐卖|人肉搜索|代考|作弊器)(?!罪|案|学|史|组织法|行为|者|犯)",
    _FLAGS,
)
_OTHER = re.compile(
    r"\b(?:bombas?|bombes?|explosivos?|explosifs?|sprengstoff\w{0,3}|drog(?:as?|ues?|en|he)|hacke(?:ar|n)|pirater|robar|roubar|rubare|voler\s(?:un|une|de)|stehlen|matar|uccidere|tuer|töten|ermorden|asesinar|waffen?|armas?|armi"
    r"|veneno|gift\sher|falsificar|fälschen|falsifier|lavar\sdinero|geld\swaschen|einbrechen|secuestrar|entführen|estafar|betrügen)\b|взлом|бомб|взрывчат|наркотик|убить|украсть|оруж|яд\b|подделать|угнать|отмыть"
    r"|爆弾|爆薬|麻薬|殺す|殺し|毒を|ハッキング|盗む|盗み|偽造|誘拐|폭탄|마약|해킹|훔치|죽이|독약|위조|납치|قنبلة|متفجرات|مخدرات|اختراق|سرقة|قتل|تزوير|سلاح|خطف",
    _FLAGS,
)
_REFUSES = re.compile(
    r"\b(?:can['’]?t|cannot|can\snot|won['’]?t|will\snot|would\snot|wouldn['’]t|sorry|unable|not\s(?:able|going|comfortable|allowed|appropriate)|refuse|against\s(?:the|my|our)|illegal|as\san\sai|no\b[.,!]|please\s(?:don['’]t|seek|call|contact)"
    r"|lo\ssiento|no\spuedo|désolé|je\sne\speux|tut\smir\sleid|kann\s(?:ich\s)?nicht|não\sposso|non\sposso)|抱歉|对不起|不能|无法|不可以|不会|不提供|违法|犯法|拒绝|不行|建议(?:您|你)(?:不要|寻求)|не\sмогу|извините|できません|申し訳|죄송|수\s없|آسف|لا\sأستطيع|لا\sيمكن",
    _FLAGS,
)


def asks_for_harm(said: str) -> bool:
    """Whether it is a wish to be told or given what does harm."""
    if not (_is_wished(said) or _OTHER.search(said) or (not said.isascii() and _ZH_ASKED.search(said))):
        return False
    return _GUARDED.search(said) is None


def _is_wished(said: str) -> bool:
    lowered = said.lower()
    if not any(word in lowered for word in _WORDS):
        return False
    return any(
        _WISHED.search(said, max(0, harm.start() - _SEEN_OF_WISH), harm.start()) for harm in _HARM.finditer(said)
    )


def refuses(said: str) -> bool:
    """Whether an answer begins by declining, or says nothing."""
    return not said.strip() or _REFUSES.search(said, 0, _SEEN_OF_ANSWER) is not None
