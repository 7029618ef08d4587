"""The patterns of `attack-forms.v1`: what is said, in which languages. Every repetition is bounded.

A pattern is `sure` where its words leave no ordinary reading: an order about what a model was told, or about what stands
above with a new order behind it; a wish to see the model's own prompt. `open` ones have one ("ignore the earlier
message", "what are your instructions?"). What they do not know: who speaks to whom, and wordings nobody wrote down.
"""

from __future__ import annotations

import re

from moderation.models.attack_rules import rule

_FLAGS = re.IGNORECASE


_VERBS = "ignor,disregard,forget,overrid,bypass,discard,overlook,cancel,erase,aside,attention,heed,notice"
_OBJECTS = "instruct,system,prompt,direct,rules,guideline,command,order,constraint,programming,restriction"
_PROMPTS = "prompt,instruction,message,rules,directive,guideline,configuration,initiali"

# Between two words: no end of a sentence, so that a clause stays one; `_` and `-` for words written as one.
_S = r"(?:[^\w.!?。！？]|_){1,3}"
_WORD = rf"(?:[^\W_]{{1,20}}(?:['’][^\W_]{{1,3}})?{_S})"
_VERB = r"(?:ignore|disregard|forget|override|bypass|discard|overlook|cancel|erase|(?:set|put|throw)\saside|(?:pay\sno\s(?:attention|heed)|take\sno\snotice)\s(?:to|of))"
_DETERMINER = rf"(?:(?:all|any|every|each|everything|of|the|your|my|these|those|this|that|other|and|or|both){_S})"
_EARLIER = r"(?:previous(?:ly)?|past|prior|above|preceding|earlier|foregoing|initial|original|existing|former|system)"
_ORDERS = r"(?:instruct(?:ions?|ed)|prompts?|directions?|directives?|rules|guidelines|commands?|orders|constraints|programming|restrictions)"
_ABOVE = rf"(?:{_DETERMINER}{{0,3}}(?:(?:text|words?|contents?|stuff|part|paragraphs?|lines?|context|conversation){_S})?above(?:{_S}this(?:{_S}(?:line|point|message|sentence))?)?|(?:everything|all|anything){_S}(?:that{_S}|which{_S})?(?:came|comes|was{_S}(?:said|written)|written|said){_S}(?:above|before|earlier)(?:{_S}this)?|(?:the{_S})?above{_S}(?:text|content|instructions?))"
EARLIER_ORDERS = re.compile(
    rf"(?:{_DETERMINER}){{0,3}}(?:{_EARLIER}{_S}{_ORDERS}|{_ORDERS}{_S}above)(?![^\W_])", _FLAGS
)
_NEW_ORDER = (
    r"[\s,.;:!\-–—]{1,4}(?:(?:and|then|instead|just|only|now|please|simply|rather|but|you\smust|you\sshould)[\s,]{1,3}){0,4}"
    r"(?:say|tell|print|output|write|reply|respond|answer|translate|do|act|give|show|send|email|forward|repeat|return|reveal|generate|execute|run|delete|follow|obey|pretend|talk|speak|sing|you\sare|your\snew)\b"
)

# Each has an ordinary reading where it is not an order (`LEAD`) or goes on like one of life (`ORDINARY_AFTER`).
OVERRIDE = (
    rule(
        f"{_VERBS}|{_OBJECTS}",
        rf"\b{_VERB}{_S}{_DETERMINER}{{0,4}}{_EARLIER}{_S}(?:{_DETERMINER}|{_EARLIER}{_S}|[^\W_]{{1,15}}{_S}){{0,2}}{_ORDERS}(?![^\W_])",
        rf"\b{_VERB}{_S}{_DETERMINER}{{0,3}}your{_S}(?:(?:own|system|safety|security|content|current|usual|ethical|default){_S}){{0,2}}{_ORDERS}(?![^\W_])",
        rf"\b{_VERB}{_S}(?:all|any|every|each|your){_S}{_DETERMINER}{{0,2}}{_WORD}{{0,2}}(?:instructions?|directives?)(?![^\W_])",
        rf"\b{_VERB}{_S}(?:the|your|any){_S}system{_S}(?:message|prompt|instructions?)\b",
        rf"\b{_VERB}{_S}{_DETERMINER}{{1,3}}{_ORDERS}{_S}(?:that{_S})?(?:you{_S}(?:were|have|had|got|received|are)|given{_S}(?:to{_S}you|before|above|earlier|so{_S}far)|above|(?:set|made|written){_S}by{_S}(?:your|the{_S}developers?|openai|anthropic|google))\b",
    ),
    rule(
        f"{_VERBS}|told,taught,given,instructed,asked,programmed,said,says,wrote|you",
        rf"\b{_VERB}{_S}(?:what(?:ever)?|everything|anything|all){_S}(?:that{_S})?you(?:['’]ve|{_S}(?:were|are|have|had)){_S}(?:been{_S})?(?:told|taught|given|instructed|asked|programmed)",
        rf"\b{_VERB}{_S}(?:what(?:ever)?|everything|anything){_S}your{_S}(?:developers?|creators?|makers?|system{_S}prompt){_S}(?:told|said|says|wrote)",
    ),
    rule(
        f"{_VERBS}|above,before,earlier",
        rf"\b{_VERB}{_S}{_ABOVE}{_NEW_ORDER}",
    ),
    rule(
        f"follow,obey,respect,adher,comply,listen|{_OBJECTS}|your,system,previous,prior,earlier,above",
        rf"\bstop{_S}(?:following|obeying|respecting|adhering{_S}to|listening{_S}to){_S}(?:{_DETERMINER}){{0,3}}(?:your|the{_S}system|the{_S}previous){_S}{_WORD}{{0,2}}{_ORDERS}",
        rf"\b(?:do{_S}not|don['’]t|never|no{_S}longer|must{_S}not){_S}(?:(?:have|need){_S}to{_S})?(?:follow|obey|respect|adhere{_S}to|comply{_S}with|listen{_S}to){_S}{_DETERMINER}{{0,3}}(?:(?:your|system){_S}|the{_S}(?:system|previous|prior|earlier|above){_S}){_WORD}{{0,2}}{_ORDERS}",
        rf"\b(?:do{_S}not|don['’]t|never|no{_S}longer|must{_S}not){_S}(?:follow|obey|comply{_S}with){_S}{_DETERMINER}{{0,3}}{_ORDERS}{_S}(?:(?:given|written|stated){_S})?above\b",
    ),
    rule(
        f"{_OBJECTS}|previous,prior,above,preceding,earlier,foregoing,initial,original,existing,former,system|now,follow,instead,obey,act,you",
        rf"\b{_DETERMINER}{{0,3}}(?:{_EARLIER}{_S}{_ORDERS}|{_ORDERS}{_S}above)[^.!?\n]{{1,60}}[.,;:]\s?(?:now|follow|instead|obey|act|you{_S}(?:are|must|will))\b",
    ),
    rule(
        "instruct,prompt,directive,task,rules,orders|system,real,actual,true,changed",
        rf"\byour{_S}(?:instructions|directives|rules|orders){_S}have{_S}(?:now{_S})?changed\s{{0,2}}[:.]",
        rf"\b(?:new|updated|revised){_S}system{_S}(?:instructions?|prompt|directives?)\s{{0,2}}[:：]",
        rf"\byour{_S}(?:(?:real|actual|true){_S}(?:instructions?|task|rules|system{_S}prompt|directives?)|(?:new|updated){_S}(?:system{_S}prompt|directives?|system{_S}instructions?)){_S}(?:is|are|follows?)(?:\s{{0,2}}[:：]|{_S}to\b)",
    ),
    # Deutsch, français, español, português, italiano
    rule(
        "ignorier,vergiss,vergess,missacht",
        rf"\b(?:ignorier(?:e|en|t)?|vergiss|vergesse?n?|missachte)(?:{_S}sie)?{_S}{_WORD}{{0,3}}(?:vorherigen|vorigen|bisherigen|obigen|früheren|ursprünglichen){_S}{_WORD}{{0,2}}(?:anweisung(?:en)?|befehle?|regeln|vorgaben|instruktionen)",
        rf"\b(?:ignoriere|vergiss|missachte){_S}(?:alle{_S})?deine{_S}{_WORD}{{0,2}}(?:anweisungen|regeln|vorgaben|richtlinien|anleitungen)\b",
        rf"\b(?:ignorier(?:e|t)|vergiss){_S}alles[,\s]{{1,3}}was{_S}(?:(?:man{_S})?dir|ihnen|euch){_S}{_WORD}{{0,2}}(?:gesagt|beigebracht|aufgetragen|befohlen)\b",
        rf"\b(?:ignorier(?:e|t)|vergiss){_S}(?:alles|das){_S}(?:oben|obige|bisherige|vorherige)\b[^.\n]{{0,20}}\b(?:und|stattdessen)\b",
    ),
    rule(
        "ignore,oublie,tiens,tenez|instruction,consigne,règle,directive,précède,dessus",
        rf"\b(?:ignore[rz]?|oublie[rz]?|ne{_S}(?:tiens|tenez){_S}pas{_S}compte){_S}{_WORD}{{0,3}}(?:instructions?|consignes?|règles|directives){_S}{_WORD}{{0,2}}(?:précédente?s?|antérieures?|initiales|ci-dessus)",
        rf"\b(?:ignore[rz]?|oublie[rz]?){_S}(?:toutes{_S})?(?:tes|vos){_S}{_WORD}{{0,1}}(?:consignes|instructions|directives|règles)\b",
        rf"\b(?:ignore[rz]?|oublie[rz]?){_S}tout{_S}ce{_S}qui{_S}(?:précède|est{_S}(?:au-dessus|ci-dessus))[^.\n]{{0,10}}\b(?:et|puis)\b",
    ),
    rule(
        "ignor,olvid,esque,desconsider,dimentic,omiso|instruc,instru,istruzioni,reglas,regras,regole,rdenes,ordens,anterior,arriba",
        rf"\b(?:ignor(?:a|e|ar|en|ad|ate|are)|desconsider(?:a|e|ar|em)|olvid(?:a|e|ar|en|es|ad)|esque[çc](?:a|e|am|er)|dimentica(?:re|te)?|haz{_S}caso{_S}omiso{_S}de|haga{_S}caso{_S}omiso{_S}de){_S}{_WORD}{{0,3}}"
        rf"(?:instruc[^\W_]{{3,8}}|instru[çc][^\W_]{{2,6}}|istruzioni|reglas|regras|regole|[óo]rdenes|ordens){_S}{_WORD}{{0,2}}(?:anteriores?|previas|precedenti|pr[ée]vias|acima|de{_S}arriba)",
        rf"\b(?:ignora|olvida){_S}(?:todas{_S})?tus{_S}{_WORD}{{0,1}}(?:instrucciones|reglas|directrices|[óo]rdenes)\b",
        rf"\b(?:ignora|olvida){_S}todo{_S}lo{_S}(?:anterior|de{_S}arriba)[^.\n]{{0,6}}\b(?:y|luego)\b",
    ),
    # русский
    rule(
        "игнорируй,забудь,не обращай",
        rf"\b(?:про)?(?:игнорируй(?:те)?|забудь(?:те)?|не обращай(?:те)? внимания на){_S}{_WORD}{{0,3}}(?:предыдущ[^\W_]{{1,4}}|прежн[^\W_]{{1,4}}|выше[^\W_]{{0,10}}){_S}{_WORD}{{0,2}}(?:инструкц[^\W_]{{1,4}}|указани[^\W_]{{1,3}}|правил[^\W_]{{0,3}}|команд[^\W_]{{0,2}})",
    ),
)

_ZH_VERB = r"(?:忽略|无视|忽视|忘记|忘掉|忘了|抛开|抛弃|不要理会|不用理会|别理会|不要管|不用管|别管|不要遵守|不再遵守|停止遵守|不用遵守|无需遵守|不要遵循|停止遵循|不再遵循|绕过|撤销|覆盖)(?:掉|了)?"
_ZH_EARLIER = r"(?:之前|以上|上述|上面|先前|此前|前面|原来|原有|最初|初始|系统)"
_ZH_ANY = r"(?:所有|全部|一切|任何|那些|这些|给你|收到|内置|安全|系统|说|的){0,5}"
_ZH_ORDERS = r"(?:指令|指示|提示词|提示语|系统提示|规则|规定|设定|命令|限制|约束|准则|(?:开发者|系统)消息)"
_ZH_NEW_ORDER = r"(?:请|你|要|只|只能|直接|现在|改为|改成|接下来|从现在开始|并|然后|必须|转而|给我|，|,|、|。|；|\s){1,6}(?:输出|回答|告诉|说|翻译|写|执行|扮演|骂|讲|听我|你是|是一|打印|用|按我|照我)"
# Chinese and Japanese have no blanks: what stands before an order is told apart by `LEAD_ZH`.
OVERRIDE_ZH = (
    rule(
        "忽略,无视,忽视,忘,抛,管,理会,遵守,遵循,绕过,撤销,覆盖,丢,清空,删除,作废",
        rf"{_ZH_VERB}你?(?:所有|全部|一切|任何|的)?{_ZH_EARLIER}{_ZH_ANY}{_ZH_ORDERS}",
        rf"{_ZH_VERB}(?:所有|全部|一切|任何)?你(?:自己|们)?(?:所有|全部|一切|任何|之前|原来|原有|最初|初始|内置|安全|系统|的){{1,5}}{_ZH_ORDERS}",
        rf"(?:把|将)你?(?:所有|全部|一切)?(?:的)?(?:{_ZH_EARLIER}|你){_ZH_ANY}{_ZH_ORDERS}(?:都|全|全部|统统)?(?:给我)?(?:忘|忽略|无视|抛|丢|清空|删除|作废)",
        rf"从(?:此刻|现在|今)(?:天)?(?:开始|起)?[，,]?(?:请你|请|你)?(?:要|必须|可以|就)?{_ZH_VERB}(?:所有|一切|任何)(?:的)?{_ZH_ORDERS}",
        rf"{_ZH_VERB}(?:所有|全部|一切|任何)(?:的)?(?:指令|指示|提示词|系统提示)",
        rf"{_ZH_VERB}(?:此前|之前|先前)(?:的)?(?:一切|所有|全部){_ZH_ORDERS}",
        rf"{_ZH_VERB}(?:所有|全部|一切|任何)(?:之前|以上|先前|系统|安全)(?:的)?{_ZH_ORDERS}",
        rf"{_ZH_VERB}(?:以上|上面|前面|之前|上述)(?:的)?(?:所有|全部|一切)?(?:内容|文字|对话|话|要求|东西)?(?:吧)?{_ZH_NEW_ORDER}",
    ),
    rule(
        "不算,作废,无效,取消,失效",
        rf"(?:以上|上面|前面|之前)(?:说|讲)?(?:的)?(?:所有|全部|那些)?(?:内容|话|规则|指令|要求|规定|设定)?(?:都|全部|全|统统|一律){{0,2}}(?:不算|不算数|作废|无效|取消|失效)(?:了)?(?:{_ZH_NEW_ORDER}|[，,。；]新的?(?:指令|指示|任务|规则)(?:是|如下|为)?[:：])",
    ),
    rule(
        "遵守,遵循,服从",
        r"你(?:现在|从现在开始)?(?:不需要|不用|不必|无需|可以不)(?:再)?(?:遵守|遵循|服从)(?:你的|任何|所有|系统)(?:的)?(?:规则|指令|限制|约束|系统|准则|规定)",
    ),
    rule(
        "指令,指示,提示,消息,任务|:,：",
        r"(?:新的?|最新的?)系统(?:指令|指示|提示词?|消息)(?:是|如下|为)?\s?[:：]",
        r"你(?:的)?真正的?(?:指令|任务|指示|提示词)(?:是|如下|为)\s?[:：]",
    ),
    # 日本語: an order ends its clause
    rule(
        "無視,忘れ",
        r"(?:(?:これまで|以前|上記|前|今まで|上|あなた|君)の(?:すべての|全ての)?|(?:すべて|全て)の)(?:指示|命令|ルール|プロンプト|制約)[をは]?(?:すべて|全て|全部)?(?:無視し(?:て(?!いる|いた)|ろ|なさい)|無視せよ|忘れ(?:て(?!いる|いた)|ろ|なさい))(?:ください|下さい|くれ|$|(?=[、。,.!！「\s]))",
    ),
    rule(
        "무시,잊",
        r"(?:모든\s?)?(?:이전|위|앞)의?\s?(?:모든\s?)?(?:지시|명령|규칙|프롬프트|지침)(?:\s?사항)?(?:을|를|은|는)?\s?(?:모두\s?)?(?:무시|잊)(?:하(?:고|세요|라|십시오)|해|으세요|어)",
    ),
)
# العربية: an order is one word, or follows "please" and "and"
_AR_EARLIER = r"(?:الساب[قِ]{1,2}[ةه]|أعلاه|اعلاه|الماضي[ةه]|المذكور[ةه](?:\s[أا]علاه)?|من\sقبل|(?:التي|اللي)\s(?:سبقت|قبل|أعطيت\sلك|تلقيتها))"
_AR_ORDERS = r"(?:ال)?(?:تعليمات|أوامر|اوامر|توجيهات|إرشادات|ارشادات)"
_AR_VERB = (
    r"(?:^|(?<=[^\w\s])|(?<=\n)|(?:من\sفضلك|لو\sسمحت|رجاءً?|الرجاء|يرجى|أرجوك|الآن|عليك)[،,\s]{1,3}|(?<=[^\w\s]\s))[وف]?"
    r"(?:تجاهل[يو]?ا?|[اإأ]نس[َىي]?|[اأ]همل[يو]?|تخط[َىّ]{0,2})\s"
)
OVERRIDE_AR = (
    rule(
        "تجاهل,نس,همل,تخط",
        rf"{_AR_VERB}(?:(?:كل|جميع|كاف[ةه]|كلّ)\s)?(?:{_AR_ORDERS}(?:ك)?\s{_AR_EARLIER}|(?:ال)?(?:تعليمات|أوامر|اوامر|توجيهات)ك(?!\w)|ما\sسبق\sمن\s{_AR_ORDERS}|القواعد\sالسابق[ةه]\sو)",
    ),
)
EXTRACTION_AR = (
    rule(
        "موج,مطالب,برومبت,تعليمات",
        r"(?:[اأ]عرض|[أا]ظهر|[اأ]طبع|[اإ]كشف|[أا]رني|[اأ]كتب|كرر|[أا]خبرني)\s(?:(?:لي|عن|ب|نص|محتوى)\s){0,2}(?:موج[هّ]{1,2}\sالنظام|مطالب[ةه]\sالنظام|برومبت\sالنظام"
        r"|(?:تعليمات|أوامر)ك\s(?:الأصلي[ةه]|السري[ةه]|الأولي[ةه]|المخفي[ةه]|الداخلي[ةه]))",
    ),
)
OVERRIDE_OPEN = (
    rule(
        f"{_VERBS}|message,context,conversation,text,content,instruct,directive,above",
        rf"\b{_VERB}{_S}(?:(?:all|the|any|every){_S}){{0,2}}(?:of{_S})?(?:the{_S})?{_EARLIER}{_S}(?:messages?|context|conversation|text|content)\b",
        rf"\b{_VERB}{_S}(?:all|any|everything|the){_S}(?:of{_S})?(?:the{_S})?(?:instructions|directives|above)\b",
    ),
    rule(
        "忽略,无视,忽视,忘,抛,管,理会,遵守,遵循,绕过,撤销,覆盖|以上,上面,前面,之前",
        rf"{_ZH_VERB}(?:以上|上面|前面|之前)(?:的)?(?:所有|全部|一切)?(?:内容|对话|指示|文字)",
    ),
)

_SHOW = r"(?:reveal|print|show|output|display|repeat|tell|give|expose|leak|dump|recite|copy|translate|summari[sz]e|encode|write|share|disclose|paste|return|quote|list|provide|spell(?:\W{1,3}out)?|state|send)"
_OWN = r"(?:system|initial|original|hidden|secret|internal|confidential|full|entire|complete|exact|developer|pre|first|starting)"
_PROMPT = r"(?:prompts?|instructions?|message|rules|directives?|guidelines|configuration|initiali[sz]ation)"
_WORDING = r"(?:verbatim|word[\s-]for[\s-]word|letter[\s-]by[\s-]letter|exactly|in\sfull|as\sis|in\sa\scode|starting\swith|beginning\swith|in\syour\sanswer|into\syour)"
_ZH_SHOW = (
    r"(?:输出|打印|显示|告诉我|重复|复述|透露|泄露|公开|翻译|写出|展示|说出|给我|贴出|发给|列出|写下|念出|交出|复制)"
)
_ZH_OWN = r"(?:系统提示词?|系统提示语|系统指令|系统消息|初始指令|初始提示词?|隐藏(?:的)?(?:指令|规则|提示词?)|原始(?:的)?(?:提示词?|指令)|(?:完整|全部|所有)的?(?:提示词|指令)|内部(?:指令|提示词))"
EXTRACTION = (
    rule(
        f"your|{_PROMPTS}",
        rf"\b{_SHOW}{_S}{_WORD}{{0,4}}your{_S}(?:(?:{_OWN}|own){_S}){{1,3}}{_PROMPT}\b",
        rf"\b{_SHOW}{_S}{_WORD}{{0,4}}your{_S}(?:{_PROMPT})(?:{_S}{_WORD}{{0,2}})(?:above|{_WORDING})",
        rf"\b(?:output|print|reveal|leak|dump|expose|recite){_S}(?:{_DETERMINER}){{0,3}}your{_S}(?:prompt|instructions|initiali[sz]ation|rules|guidelines|directives)\b",
    ),
    rule(
        f"reveal,print,output,repeat,leak,dump,expose,recite,disclos|system,developer,hidden,secret,initial|{_PROMPTS}",
        rf"\b(?:reveal|print|output|repeat|leak|dump|expose|recite|disclose){_S}{_WORD}{{0,2}}the{_S}(?:(?:full|entire|complete|exact|hidden|secret){_S}){{0,2}}(?:(?:system|developer){_S}(?:prompt|message)|(?:hidden|secret|initial){_S}(?:prompt|instructions))\b(?!{_S}(?:length|colou?r|field|format|to{_S}the{_S}winner))",
    ),
    rule(
        f"{_PROMPTS}|your,the|what,first,last,text,wording,content,words,copy",
        rf"\bwhat{_S}(?:does|do){_S}your{_S}(?:(?:{_OWN}|own){_S}){{1,3}}{_PROMPT}{_S}(?:say|contain|tell|look)",
        rf"\b(?:text|wording|contents?|words|copy){_S}of{_S}(?:your{_S}(?:{_OWN}{_S}){{0,2}}(?:prompt|instructions|system{_S}message)|the{_S}(?:instructions|prompt|message)s?{_S}at{_S}the{_S}(?:top|start|beginning){_S}of{_S}(?:this|our))",
        rf"\bwhat(?:['’]s|{_S}(?:is|are|was|were)){_S}your{_S}(?:(?:{_OWN}|own){_S}){{1,3}}{_PROMPT}\b",
        rf"\b(?:first|last){_S}(?:sentence|line|word|words|paragraph){_S}of{_S}your{_S}(?:{_OWN}{_S}){{0,2}}(?:prompt|instructions)\b",
    ),
    rule(
        "instructions,rules,prompt,directives,system,told|you|given,told,receiv,got,get",
        rf"\bwhat{_S}(?:instructions|rules|prompt|directives|system{_S}message){_S}(?:were|are|did|have){_S}you{_S}(?:been{_S})?(?:given|told|get|got|received?)",
        rf"\b(?:show|tell|give|reveal|print|repeat|see|read){_S}(?:(?:me|us){_S})?(?:the|all|any){_S}(?:(?:exact|full|initial|the){_S})?(?:prompt|instructions|directives){_S}(?:that{_S})?you{_S}(?:were|have{_S}been){_S}given\b(?!{_S}(?:by{_S}(?:the|your){_S}doctor|at{_S}school))",
        rf"\b(?:instructions|rules|directives|prompt){_S}(?:that{_S})?you{_S}(?:received|were{_S}given|got|have{_S}been{_S}given){_S}(?:from{_S}(?:the|your){_S}(?:developers?|system)|before{_S}this|at{_S}the{_S}(?:start|beginning))",
        rf"\bwhat{_S}were{_S}you{_S}told{_S}(?:before|at{_S}the{_S}(?:start|beginning){_S}of){_S}(?:this|the|our){_S}(?:conversation|chat|prompt|session)",
    ),
    rule(
        "repeat,print,output,copy,recite,return,write,reproduce,echo|above,so far,before,prior",
        rf"\b(?:repeat|print|output|copy|recite|return|write|reproduce|echo){_S}(?:{_WORD}){{0,3}}(?:everything|all|the{_S}(?:text|words|contents?|instructions|prompt|conversation)){_S}(?:{_WORD}){{0,3}}(?:above|so{_S}far|(?:before|prior{_S}to){_S}this(?:{_S}(?:message|line|point|sentence))?)[\s,:;]{{0,3}}(?:{_WORDING})",
        rf"\b(?:repeat|print|output|recite|reproduce|echo|copy){_S}(?:out{_S})?(?:everything|all{_S}of{_S}the{_S}(?:instructions|prompt)|all{_S}the{_S}instructions|the{_S}(?:prompt|instructions))"
        rf"{_S}(?:(?:that{_S})?(?:is|was|you{_S}see){_S}|(?:written|said|up){_S}){{0,2}}(?:above|(?:before|prior{_S}to){_S}this{_S}(?:message|line|point|sentence|chat|conversation))(?:\s{{0,2}}(?:[.!?。,;:\n]|$)|{_S}(?:this|into{_S}your|in{_S}a{_S}code|in{_S}your))",
    ),
    # Deutsch, français, español, 日本語
    rule(
        "dein|system,ursprünglich,geheim,versteckt,intern",
        rf"\b(?:zeige?|gib|nenne?|verrate?|drucke|wiederhole|schreibe?|wie{_S}lautet|was{_S}(?:ist|sind)){_S}{_WORD}{{0,2}}dein(?:e|en)?{_S}(?:(?:vollständigen?|kompletten?){_S})?(?:system-?\s?(?:prompt|anweisung(?:en)?|nachricht)|(?:ursprünglichen?|geheimen?|versteckten?|internen?){_S}(?:anweisung(?:en)?|prompts?|regeln))",
    ),
    rule(
        "prompt,instructions,consignes|ton,votre,tes,vos",
        rf"\b(?:montre|affiche|donne|répète|révèle|écris|quel(?:le)?s?{_S}(?:est|sont))(?:z)?{_S}{_WORD}{{0,2}}(?:ton|votre|tes|vos){_S}(?:prompt{_S}(?:système|initial|système{_S}complet)|(?:instructions|consignes){_S}(?:système|initiales|cachées|secrètes|internes))",
    ),
    rule(
        "prompt,instrucciones|tu",
        rf"\b(?:mu[ée]stra(?:me)?|imprime|repite|revela|dime|escribe|dame|cu[áa]l(?:es)?{_S}(?:es|son)){_S}{_WORD}{{0,2}}tus?{_S}(?:prompt{_S}(?:de{_S}sistema|del{_S}sistema|inicial|completo)|instrucciones{_S}(?:iniciales|ocultas|secretas|del?{_S}sistema|internas))",
    ),
    rule(
        "プロンプト,メッセージ,指示,命令",
        r"(?:あなた|君|お前)の(?:システムプロンプト|システムメッセージ|(?:最初|初期|元|隠された|内部)の(?:指示|プロンプト|命令))",
        r"システム\s?プロンプト(?:を|の全文を|の内容を)(?:すべて|全て|そのまま|全部)?(?:表示|出力|教え|見せ|公開|書き出|開示)",
    ),
    # 中文
    rule(
        "提示,指令,消息,设定,规则|你,系统,隐藏",
        rf"{_ZH_SHOW}[^。！？\n]{{0,6}}你(?:自己)?的?{_ZH_OWN}(?![了过说框音错报]|什么错|怎么|时)",
        rf"(?:把|将)你(?:自己)?的?(?:{_ZH_OWN}|提示词|指令|设定)[^。！？\n]{{0,10}}{_ZH_SHOW[:-1]}|写|发|念|说|贴)",
        rf"{_ZH_SHOW}[^。！？\n]{{0,4}}(?:系统提示词|隐藏指令|隐藏提示词)(?:的)?(?:全文|原文|内容)?(?:[，。！\n]|$)",
    ),
    rule(
        "系统提示,系统指令,初始,系统消息,隐藏指令,收到的第一",
        r"(?:把|将)(?:你的?系统提示[词语]?|系统提示[词语]|(?:你的?)?初始提示词?)[^。！？\n]{0,4}(?:完整|原样|全部|全文|逐字|一字不)[^。！？\n]{0,4}(?:输出|打印|告诉|写|发|贴|给)|你收到的第一(?:段|句|条)(?:系统)?(?:指令|提示)|(?:输出|打印|复述|逐字|原样)[^。！？\n]{0,6}你收到的第一(?:段|句|条)|你的?(?:系统提示(?:词|语)?|系统指令|初始指令|初始提示词?|系统消息|隐藏指令)(?:(?:是什么|是啥|有哪些)(?=的?内容|[？?。！!，,\s吗呢呀啊]|$)|是怎么写|的内容)",
    ),
    rule(
        "指令,指示,提示,设定,命令,内容,规则|收到,得到,接收,被给,被告知,给,告诉",
        r"你(?:一开始|最初|最开始|开头|起初|刚开始|在对话(?:开始)?前)(?:所)?(?:收到|得到|接收|被给|被告知)(?:到)?的?(?:指令|提示词|系统提示|设定)",
        r"(?:开发者|系统|openai)(?:最初|一开始)?(?:给|发给|告诉|交给)了?你(?:的|了什么|什么|了哪些|哪些)(?:指令|指示|提示词|规则|设定|命令)",
    ),
    rule(
        "提示,指令,设定,原样,原封不动,逐字,一字不,所有,全部|你的,以上,上面,之前",
        rf"{_ZH_SHOW}你(?:自己)?的(?:提示词|指令|设定)[^。！？\n]{{0,6}}(?:原样|原文|逐字|一字不|全文)|(?:原样|原封不动|逐字|一字不[差漏改落])[^。！？\n]{{0,4}}{_ZH_SHOW}[^。！？\n]{{0,4}}(?:你的|以上|上面|之前)",
        r"(?:重复|复述|输出|打印)(?:一遍|出)?(?:以上|上面|之前)(?:的)?(?:所有|全部)(?:的)?(?:内容|文字|对话|文本|指令|提示)(?![的并中里前后])",
    ),
    rule(
        "你是|重复,复述,输出",
        r"从[“\"「']你是[^。\n]{0,6}[”\"」']?(?:开始|开头)?[^。\n]{0,6}(?:重复|复述|输出)",
    ),
)
EXTRACTION_OPEN = (
    rule(
        f"your|{_PROMPTS}",
        rf"\b(?:tell|give|show|share|send|what(?:['’]s|{_S}are|{_S}is)){_S}(?:{_WORD}){{0,3}}your{_S}(?:prompt|instructions|rules|guidelines|directives)(?=\s{{0,2}}(?:[.?!,;\n]|$|and\b))",
    ),
    rule(
        "above|repeat,print,output,recite",
        rf"\b(?:repeat|print|output|recite){_S}(?:everything|all|the{_S}(?:text|words|contents?)){_S}(?:{_WORD}){{0,2}}above(?=\s{{0,2}}(?:[.?!,;\n]|$|and\b))",
    ),
    rule(
        "system|prompt",
        rf"\bwhat{_S}is{_S}the{_S}system{_S}prompt(?=\s{{0,2}}(?:[.?!\n]|$))",
    ),
    rule(
        "提示词,指令,规则,设定|你",
        rf"{_ZH_SHOW}你的?(?:提示词|指令|规则|设定)(?=[，。！？?!\s]|$)|你的(?:提示词|指令|规则)是(?:什么|啥)",
    ),
    rule(
        "系统提示,系统消息,收到的,得到的,给你什么,给了你|你,全文,完整,原样",
        r"(?:把|将)系统提示[^。！？\n]{0,4}(?:完整|原样|全部|全文|逐字)|你收到的第一(?:段|句|条)|你的?系统(?:提示|消息)(?:是什么|是啥)",
        r"你(?:一开始|最初|最开始|开头|起初|刚开始)(?:所)?(?:收到|得到)(?:到)?的(?:内容|命令|指示|提示)|系统给了?你(?:什么|哪些)提示",
    ),
    rule(
        "重复,复述,输出|以上,上面,之前",
        r"(?:重复|复述|输出)(?:一遍)?(?:以上|上面|之前)(?:的)?(?:内容|文字|对话|文本)(?=[，。！？?!\s]|$)",
    ),
)

# Control marks of chat templates; in a text they pretend to be another speaker. One alone may be spoken of.
CHAT_MARKS = (
    rule(
        "<",
        r"<\|im_start\|>\s{0,3}(?:system|user|assistant|developer|tool)\b",
        r"<\|(?:system|user|assistant)\|>[^<]{1,200}(?:<\||$)",
        r"<\|start_header_id\|>\s{0,3}(?:system|user|assistant)\b",
    ),
    rule(
        "_of_turn",
        r"<start_of_turn>\s{0,3}(?:user|model|system)\b",
    ),
    rule(
        "inst],<<sys",
        r"\[INST\]\s{0,3}<<SYS>>|<<SYS>>[^<]{1,400}<</SYS>>|\[INST\][^\[]{1,400}\[/INST\]",
    ),
    rule(
        "<",
        r"<\|(?:im_end|eot_id|endoftext|end)\|>\s{0,4}<\|",
    ),
    rule(
        "##",
        r"(?:^|\n)\s{0,4}#{2,3}\s{0,2}instructions?\s{0,2}:[^#]{1,600}\n\s{0,4}#{2,3}\s{0,2}response\s{0,2}:",
        r"(?:^|\n)\s{0,4}#{2,3}\s{0,2}system(?:\s(?:prompt|message))?\s{0,2}:\s{0,3}(?:you\b|obey|ignore|forget|disregard|from\snow|new\s|the\suser|always|never)",
    ),
)
CHAT_MARKS_OPEN = (
    rule(
        "<,inst]",
        r"<\|(?:im_start|im_end|system|user|assistant|start_header_id|end_header_id|eot_id|endoftext|begin_of_text)\|>"
        r"|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>",
    ),
)

# A picture or link whose address carries what the model is to fill in: words of a talk, not the names of an interface.
_TALK = r"(?:conversation|chat|histor|summar|secret|password|everything|above|previous|user['’]?s?[\s_]?(?:data|message|e-?mail|input|question|chat|name|prompt)|system[\s_]?prompt|对话|聊天|历史|总结|摘要|密码)"
EXFILTRATION = (
    rule(
        "](",
        rf"!?\[[^\]\n]{{0,100}}\]\(\s{{0,3}}https?://[^\s)?]{{1,200}}\?[^\s)={{<\[]{{0,60}}=(?:\{{[^}}\n]{{0,40}}{_TALK}[^}}\n]{{0,40}}\}}|<[^>\n]{{0,40}}{_TALK}[^>\n]{{0,40}}>|\[[^\]\n]{{0,40}}{_TALK}[^\]\n]{{0,40}}\])",
    ),
)

_CODES = r"(?:base\s?-?(?:16|32|64)|rot\s?-?13|hex(?:adecimal)?|morse|caesar|binary|cipher|encoded|ciphertext|ascii)"
_DECODE = r"(?:decode|decrypt|decipher|translate|unscramble)"
_OBEY = (
    r"(?:(?:follow|execute|obey|carry\sout|comply\swith|act\son|do|answer|respond\sto|perform)\s(?:it\b|them\b|whatever\b|what\b|as\sit\ssays|(?:the|its|any|all)\s(?:\w{1,15}\s){0,2}(?:instructions?|commands?|orders?|request|question|message|task|result)\b)"
    r"(?!\s(?:on|at|from|of|below|page)\b))"
)
_ZH_CODED = r"(?:下面|以下|这段|下列|这串|里面|密文|暗号|密码|base64|rot13|十六进制|编码)"
_ZH_DECODE = r"(?:解码|解密|破译)"
# A program is executed as well: an order names what it is to be found in, or ends there (`runs_no_program`).
_ZH_OBEY = (
    r"(?:照做|遵循|遵照|服从|照办|(?:按|依)[^。，\n]{0,8}(?:执行|照做|操作)"
    r"|执行(?:(?:其中|里面|里边|其(?![他它余])|它|这些|该|解码|解密|所得|得到|内容|指令|命令)[^。，\n]{0,8}|(?=\s{0,2}(?:[。！!；;：:\n]|$))))"
)
DECODE_AND_FOLLOW = (
    rule(
        "decode,decrypt,decipher,translate,unscramble|base,rot,hex,morse,caesar,binary,cipher,encoded,ascii",
        rf"\b{_DECODE}\b[^.\n]{{0,60}}\b{_CODES}\b[^\n]{{0,80}}\b(?:and|then|,)\s{{0,2}}(?:then\s)?{_OBEY}",
        rf"\b{_CODES}\b[^\n]{{0,60}}\b{_DECODE}\b[^\n]{{0,40}}(?:\b(?:and|then)|,)\s{{0,2}}(?:then\s)?{_OBEY}",
    ),
    rule(
        "解码,解密,破译",
        rf"{_ZH_CODED}[^。\n]{{0,20}}{_ZH_DECODE}[^。\n]{{0,12}}(?:并|然后|再|后|，)[^。\n]{{0,8}}{_ZH_OBEY}",
        rf"{_ZH_DECODE}[^。\n]{{0,6}}{_ZH_CODED}[^。\n]{{0,20}}(?:并|然后|再|后|，)[^。\n]{{0,12}}{_ZH_OBEY}",
        rf"(?:摩斯|莫尔斯|凯撒|rot13|base64|十六进制)[^\n]{{0,30}}{_ZH_DECODE}[^。\n]{{0,12}}{_ZH_OBEY}",
    ),
)
DECODE_OPEN = (
    rule(
        "decode,decrypt,decipher,translate,unscramble,解码,解密,破译|follow,execute,obey,comply,并,然后,再,后",
        rf"\b{_DECODE}\b[^.\n]{{0,60}}\b{_CODES}\b[^\n]{{0,60}}\b(?:follow|execute|obey|comply)\b"
        r"|(?:解码|解密|破译)[^。\n]{0,20}(?:并|然后|再|后)[^。\n]{0,6}(?:回答|执行|照做|按照)",
    ),
)

FRAGMENT = re.compile(r"\b([A-Za-z_]\w{0,15})\s{0,3}(?:=|:=|:)\s{0,3}[\"'“‘「][^\"'”’」\n]{1,60}[\"'”’」]")
# An order to a reader, not a line of code: the names are joined by somebody who is to answer.
_NAMES = r"[A-Za-z_]\w{0,15}(?:(?:\s{0,3}\+\s{0,3}|\s{0,2}[,、]\s{0,2}|\s(?:and|und)\s|和){1,2}[A-Za-z_]\w{0,15}){1,20}"
JOINING = re.compile(
    rf"\b(?:answer|explain|follow|execute|obey|respond\sto|reply\sto|do|complete|tell\sme|what\sis)\s(?:the\s\w{{1,15}}\s|me\s)?({_NAMES})"
    rf"|\b(?:concatenat|join|combin|put\W{{1,3}}together|assembl)\w{{0,4}}\s(?:the\s\w{{1,15}}\s)?({_NAMES})[^.\n]{{0,40}}\b(?:and|then)\W{{1,3}}(?:\w{{1,15}}\W{{1,3}}){{0,3}}(?:answer|follow|execute|do|respond|obey|explain|run)"
    rf"|({_NAMES})[^。\n]{{0,6}}(?:拼接|连接|组合|拼)(?:起来|在一起)?[^。\n]{{0,12}}(?:并|然后|再|后)[^。\n]{{0,8}}(?:回答|执行|解释|照做)",
    _FLAGS,
)
