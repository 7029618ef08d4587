"""The patterns of `attack-forms.v1` that speak to a model, speak as its system, or give it a persona.

An address alone is doubtful, and so is an ordinary task behind it: "Message for Claude: call me back" is for a person,
"System: you must have 8 GB" for a reader. It is sure with an order of `attack_orders` behind it. What they do not know:
who reads the text.
"""

from __future__ import annotations

from moderation.models.attack_orders import AI_WITHOUT_RULES, LEAKS, OF_MODEL
from moderation.models.attack_rules import rule

_MODEL_WORDS = " ai,\nai,:ai,a.i,llm,language model,gpt,claude,gemini,copilot,chatbot"
_MACHINE = r"(?:a\.?i\.?|llms?|(?:large\s)?language\smodels?|gpt|chatgpt|chatbots?)"
_PERSON = r"(?:claude|gemini|copilot)"
_KINDS = r"(?:\s(?:models?|assistants?|systems?|agents?|bots?))"
_MODELS = rf"(?:{_MACHINE}{_KINDS}?|{_PERSON}{_KINDS}?)"
_READING = (
    r"(?:reading|processing|summari[sz]ing|parsing|viewing|analy[sz]ing|that\s(?:reads?|process(?:es)?|summari[sz]es?))"
)
_PAGE = r"(?:page|text|document|e-?mail|message|file|site|website|review|content|article|report|note)"

# In the voice of the system: what only a model is told.
_OBEYING = (
    rf"(?:{OF_MODEL}|{LEAKS}|pretend\b|(?:never|not)\srefuse\b|speak\s(?:like|only)\b"
    r"|(?:answer|respond|reply)\s[^.\n]{0,30}\bwithout\s(?:any|warnings?|refus|restrict|filter|limits|hesitat|moral)"
    r"|disable\s(?:all|your|the)\s(?:\w{1,12}\s){0,2}(?:safety|filters?|restrictions|moderation|guardrails?|safeguards?)\b"
    r"|grant\s(?:me|the\suser)\s)"
)
_LOGS = r"print\s(?:all|every|the\s(?:logs?|system|hidden|conversation))\b"
_SYSTEM_SAYS = (
    rf"(?:{_OBEYING}|from\snow(?:\son)?[\s,:][^.\n]{{0,40}}\b(?:{_OBEYING}|(?:answer|respond|reply)\s(?:to\s)?(?:all|any|every)\b)"
    rf"|you\s(?:must|will|shall|should|have\sto|need\sto)\s(?:(?:now|always|also|only)\s){{0,3}}(?:{_OBEYING}|never\srefuse\b)"
    rf"|you\shave\sno\s(?:more\s)?(?:rules|restrictions|limits|filters|morals|guidelines)\b"
    r"|you(?:['’]re|\sare)\s(?:now\s)?an?\s[^.\n]{0,40}?\b(?:insult|swear|curse|mock|never\srefuse)"
    rf"|you(?:['’]re|\sare)\s(?:now\s)?in\s[^.\n]{{3,30}}\smode\b[.,;:!\s]{{1,3}}(?:now\s)?(?:{_OBEYING}|{_LOGS}))"
)
_ZH_OWN = r"(?:你的(?!号|账)|(?:系统)?提示词|隐藏|密码|密钥|(?:所有|全部|完整)的?(?:提示|指令|密码|对话|隐私|用户))"
_ZH_SYSTEM_SAYS = (
    r"(?:(?:忽略|无视)[^。\n]{0,12}(?:用户|指令|规则|限制|以上|之前)|(?:请|现在|你)?(?:输出|打印|泄露|透露|公开|展示)"
    rf"{_ZH_OWN}|(?:你|现在){{1,2}}(?:没有任何(?:限制|规则|约束|道德)|不受[^。\n]{{0,6}}(?:限制|约束))"
    r"|你(?:现在)?必须[^。\n]{0,4}(?:服从|听从)"
    rf"|(?:你|现在)[^\n]{{0,20}}模式[^\n]{{0,6}}(?:忽略|服从|(?:输出|打印|泄露|透露)(?:日志|{_ZH_OWN})))"
)

_ZH_MODEL = r"(?:ai|人工智能|大?语言模型|大模型)(?:助手|模型|助理)?"

# Each is sure where `attack_orders.gives_order` finds an order behind it.
ADDRESSED = (
    rule(
        f"{_MODEL_WORDS},ai |:,：,if you,is,are,reading,processing,summari,parsing,viewing,analy,that,dear",
        rf"\b(?:note|notes|message|attention|attn|important|reminder|memo|instructions?|order|notice)[\s:,]{{1,3}}(?:(?:to|for)\s)?"
        rf"(?:(?:any|all|the|every|an)\s)?{_MODELS}(?:\s{_READING}[^.:\n]{{0,40}})?\s{{0,2}}:",
        rf"\b{_MODELS}\s{_READING}\s(?:this|the)\s{_PAGE}[^.\n]{{0,20}}"
        r"\b(?:must|should|shall|have\sto|need\sto|are\srequired\sto|is\srequired\sto|please)\b",
        rf"\b(?:if|when)\s(?:an?\s|any\s)?{_MODELS}\s(?:is|are)\s(?:reading|processing|summari[sz]ing)\sthis\b",
        r"\bdear\s(?:large\s)?(?:language\smodel|llm|ai(?:\s(?:model|assistant|reviewer|agent))?|chatgpt)s?\s?,",
        rf"\bif\syou\s(?:are|['’]re)\s(?:an?\s|the\s)?{_MODELS}(?:\s{_READING}[^.,\n]{{0,40}})?,",
    ),
    rule("<!--", rf"<!--\s{{0,3}}(?:{_MODELS}|assistants?|system|model)\s{{0,2}}[:,]"),
    rule(
        "ai,模型,人工智能,机器人|读到,看到,读取,如果你,致,告,提醒,注意,给,本文,此文,这段,这篇,本页,该文,此页,本邮件",
        r"(?:ai|人工智能|大模型|语言模型)(?:助手|模型)?(?:读到|看到|读取)(?:这里|此处|本文|这段|这句)[^。\n]{0,4}(?:请|必须|务必|应|要)",
        r"如果你是(?:一个|一名|任何)?(?:ai|人工智能|大?语言模型|大模型|聊天机器人)(?:助手|模型|助理|机器人)?[，,、]?"
        r"(?=请|必须|务必|你(?:必须|应|要|需|得|务必|只能)|(?:则|就)(?:请|必须|不要|忽略|输出)|在(?:回答|回复|总结|摘要|答案))",
        rf"(?:致|告|提醒|注意|给)(?:所有|任何|各位|各)?(?:的)?{_ZH_MODEL}\s?[:：]",
        r"(?:阅读|读取|处理|总结|分析|看到)(?:本文|此文|这段|这篇|本页|该文|此页|本邮件)[^。\n]{0,8}的?"
        rf"{_ZH_MODEL}[^。\n]{{0,4}}(?:必须|请|务必|应|要)",
    ),
)

_HEADED = (
    r"(?:^|\n)\s{0,4}[\[(【](?:system|developer|系统|系統)"
    r"(?:\s?(?:message|prompt|note|override|消息|提示|指令))?[\])】]"
)
SYSTEM_VOICE = (
    rule(
        "system,developer,系统,系統|:,：,],),】",
        r"(?:^|[\n.!?]\s{0,3})(?:system|developer)\s(?:override|command|prompt|instruction|directive)s?\s{0,2}[:：]\s{0,3}"
        rf"(?:{_SYSTEM_SAYS}|all\s(?:previous|prior|safety|content)\s(?:\w{{1,12}}\s)?(?:instructions|rules|restrictions|filters)\b)",
        rf"{_HEADED}\s{{0,3}}[:：]?\s{{0,3}}(?:{_SYSTEM_SAYS}|{_ZH_SYSTEM_SAYS})",
        rf"(?:^|\n)\s{{0,4}}(?:system|developer)\s{{0,2}}[:：]\s{{0,3}}{_SYSTEM_SAYS}",
    ),
)
SYSTEM_VOICE_OPEN = (
    rule(
        "system,developer,系统,系統|:,：,],),】",
        r"(?:^|[\n.!?]\s{0,3})(?:system|developer)\s(?:override|command|directive)s?\s{0,2}[:：]\s{0,3}\w",
        rf"{_HEADED}\s{{0,3}}[:：]?\s{{0,3}}(?:you\b|your\b|忽略|现在)",
        r"(?:^|\n)\s{0,4}(?:system|developer)\s{0,2}[:：]\s{0,3}(?:ignore|forget|disregard|you\smust|you\sare|you\swill|from\snow"
        r"|restart|reboot|print|output|dump|new\s(?:instructions?|rules|orders)|your\s(?:new|real|actual)\s(?:instructions?|task|rules))\b",
    ),
)

# A persona without rules.
_NO_LIMITS = (
    r"(?:不受[^。\n]{0,8}(?:约束|限制)|没有[^。\n]{0,4}(?:限制|道德|规则|约束)|无视|不考虑|道德|拒绝|内容政策|任何(?:内容|问题|要求)|服从"
    r"|两种(?:不同)?(?:的)?(?:方式|回答|回复)|普通回答|必须回答|chatgpt|语言模型|大模型)"
)
PERSONA = (
    rule("dan,jailb|mode,模式", r"\b(?:enter|enable|activate|switch\sto|in|start)\s(?:(?-i:DAN)|jailbreak)[\s-]mode\b"),
    rule(
        "without,with no,free of,free from,has no,have no,not bound|ai,model,assistant,chatbot,llm",
        r"\b(?:you(?:['’]re|\sare)(?:\snow)?|act\sas|pretend\sto\sbe|pretend\s(?:that\s)?you\sare|play|become)\san?\s"
        rf"{AI_WITHOUT_RULES}",
    ),
    rule(
        "dan|you",
        r"\byou(?:['’]re|\sare|\swill\sbe|\swill\sact\sas)(?:\snow|\sgoing\sto\s(?:be|act\sas))?\s(?-i:DAN)\b",
    ),
    rule(
        "anything now",
        r"(?-i:\bDo\sAnything\sNow\b)",
        r"\b(?-i:DAN)\b[^\n]{0,120}\bdo\sanything\snow\b",
        r"(?:^|[^\w\s'’]\s?)(?-i:DO\sANYTHING\sNOW)\b",
        r"\b(?:be|are|become|play|as|['’]re)\s(?:now\s)?an?\s(?:ai|(?:language\s)?model|assistant|chatbot|persona)\s"
        r"(?:model\s|assistant\s)?(?:that|who|which)\s(?:can|will)\sdo\sanything\snow\b",
    ),
    rule(
        "unrestricted,unfiltered,uncensored,jailbroken",
        r"\byou\s(?:are|will\sbe|will\sact\sas)\s(?:now\s)?(?:an?\s)?(?:unrestricted|unfiltered|uncensored|jailbroken)"
        r"\s(?:ai|model|assistant|chatbot|language\smodel|llm|version)\b",
    ),
    rule(
        "from now on",
        r"\bfrom\snow\son,?\s(?:you|the\sai|chatgpt)\s(?:now\s)?ha(?:ve|s)\sno\s(?:more\s)?"
        r"(?:restrictions|filters|limitations|ethical|moral|guidelines|content\s)(?!\s(?:on|for|in|at|about|to|when|with)\b"
        r"(?!\s(?:what|anything|any\b|content|topics?|speech|answers?|(?:the|this)\s(?:chat|conversation)"
        r"|your\s(?:answers?|output|speech|words|replies|responses))))",
    ),
    rule(
        "没有,不受|ai,人工智能,模型,机器人",
        r"(?:你(?:现在|从现在起|从现在开始)?(?:就)?是|扮演|假装(?:你)?是|变成)(?:一个|一名|一位|一款|个|名)?(?:没有|不受)(?:任何|一切|所有)?"
        r"[^。？?\n]{0,6}(?:限制|规则|约束|道德|过滤|审查)(?:约束|限制)?的?(?:ai|人工智能|大?语言模型|大模型|聊天机器人|机器人|模型)",
    ),
    rule(
        "限制,规则,约束,道德,dan,越狱,开发者|你,模式",
        r"从(?:现在|今)(?:开始|起)?[^。\n]{0,6}你(?:就)?(?:没有任何(?:限制|规则|约束|道德)|不受任何[^。\n]{0,6}(?:限制|约束))"
        r"(?!地|的?(?:使用|通行|出入)|[，,]?(?:可以)?(?:自由|随时|免费))",
        r"你(?:现在|从现在起|从现在开始|就)?(?:现在)?(?:就)?(?:是|叫|扮演)(?-i:DAN)",
        r"(?:进入|开启|启动|激活)(?:了)?dan模式",
        r"(?:^|[^\w]|请你?|你|现在|立即|立刻|马上|已经?|让你|给我)(?:进入|开启|启动|激活)(?:了)?(?:越狱|无限制)模式",
        rf"(?:进入|开启|启动|激活|启用|模拟)[^。\n]{{0,10}}开发者模式[^\n]{{0,60}}?{_NO_LIMITS}",
        r"开发者模式[^\n]{0,60}?(?:模拟|扮演)[^\n]{0,40}?(?:chatgpt|语言模型|大模型)",
        r"开发者模式[^\n]{0,60}?(?:chatgpt|语言模型|大模型)[^\n]{0,40}?(?:模拟|扮演)",
        rf"开发者模式(?:已经?|现已)?(?:被)?(?:启用|开启|激活|启动)[^\n]{{0,60}}?{_NO_LIMITS}",
    ),
)
PERSONA_OPEN = (
    rule("anything now", r"\b(?:can|will|to)\sdo\sanything\snow\b"),
    rule(
        "越狱,无限制,开发者|模式",
        r"(?:进入|开启|启动|激活)(?:了)?(?:越狱|无限制)模式",
        r"(?:你|让你|请你)(?:现在|已经?|立刻|马上|就)?(?:进入|开启|启动|激活)(?:了)?开发者模式",
    ),
)
